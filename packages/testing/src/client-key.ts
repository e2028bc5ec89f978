import type { EventStore } from "@taem/event-store";
import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import type { NewClient } from "@taem/principal";
import { type Environment, systemClock } from "@taem/runtime";
import { OperatorClients } from "@taem/taem-service";
import { PERMISSIONS } from "./permissions.ts";

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
  const { EVENTSTORE_URL: esdb, DATABASE_URL: url } = environment;
  await using undo = new AsyncDisposableStack();
  const store =
    esdb === undefined
      ? await openPostgresEventStore({ url: url as string, max: 1 })
      : await openEsdbEventStore({ url: esdb });
  undo.defer(() => store.close());
  return await clientKey(store, name);
}
