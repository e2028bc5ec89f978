import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installation } from "@taem/host";
import { type DomainEvent, EventTypes } from "@taem/schema";
import { envelopeFiles, type SchemaFiles, schemaFiles } from "@taem/schema/avro";
import { contexts } from "@taem/taem-service";

const ROOT = join(import.meta.dirname, "../../../..");

/** Where the events of each part are described: there lie their golden bytes and published schemas, too. */
const EVENTS: Readonly<Record<string, EventTypes>> = {
  ...Object.fromEntries(
    contexts.map(({ name, categories }) => [
      `packages/contexts/${name}`,
      EventTypes.join<DomainEvent>(...categories.map(({ events }) => events)),
    ]),
  ),
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
