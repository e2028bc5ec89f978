import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installation } from "@taem/host";
import { accountEvents, keyReservations } from "@taem/ledger/events";
import { member, referenceReservations } from "@taem/member/events";
import { clientEvents, personEvents } from "@taem/principal/events";
import { definitionEvents } from "@taem/programme/events";
import { type DomainEvent, EventTypes } from "@taem/schema";
import { envelopeFiles, type SchemaFiles, schemaFiles } from "@taem/schema/avro";

const ROOT = join(import.meta.dirname, "../../../..");

const joined = (...types: readonly EventTypes[]) => EventTypes.join<DomainEvent>(...types);

/** Where the events of each part are described: there lie their golden bytes and published schemas, too. */
const EVENTS: Readonly<Record<string, EventTypes>> = {
  "packages/contexts/ledger": joined(accountEvents, keyReservations.events),
  "packages/contexts/programme": definitionEvents,
  "packages/contexts/member": joined(member.events, referenceReservations.events),
  "packages/contexts/principal": joined(clientEvents, personEvents),
  "packages/host": installation.events,
};

/** Every folder of published schemas, with those that are to be in it. */
export const schemaFolders: readonly { readonly folder: string; readonly files: SchemaFiles }[] = [
  { folder: join(ROOT, "packages/schema/avro"), files: envelopeFiles },
  ...Object.entries(EVENTS).map(([home, events]) => ({
    folder: join(ROOT, home, "avro"),
    files: schemaFiles(events),
  })),
];

export const goldenFolders: readonly string[] = Object.keys(EVENTS).map((home) => join(ROOT, home, "golden"));

/** What lies in a folder, by name. */
export function textsIn(folder: string): ReadonlyMap<string, string> {
  return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));
}
