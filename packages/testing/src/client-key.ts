import type { EventStore } from "@taem/event-store";
import type { NewClient } from "@taem/principal";
import { type Environment, systemClock } from "@taem/runtime";
import { OperatorClients } from "@taem/taem-service";
import { PERMISSIONS } from "./product.ts";
import { openLog } from "./test-store.ts";

/** Of the whole installation, with every permission, under any system, unless told. */
export type ClientRights = Partial<NewClient>;

/** The token of a new client's key. */
export async function clientKey(store: EventStore, name: string, rights: ClientRights = {}): Promise<string> {
  await using operator = new OperatorClients({ store, clock: systemClock });
  const client = { name, programme: null, permissions: PERMISSIONS, systems: ["*"], ...rights };
  return (await operator.clients.create(client, operator.asking())).token;
}

/** The same on the log that an environment names, as an operator at another terminal would. */
export async function clientKeyOn(environment: Environment, name: string): Promise<string> {
  await using store = await openLog(environment);
  return await clientKey(store, name);
}
