import type { EventStore, LogAudit } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { OperatorError } from "@taem/runtime";
import type { Config } from "./config.ts";

/** The log, and what only some stores can do. */
export type Store = EventStore & Partial<LogAudit>;

type Log = (message: string, details?: Record<string, unknown>) => void;

/** The store that the configuration names: PostgreSQL unless it says otherwise. Only what is used is loaded. */
export async function openStore(
  { EVENTSTORE_URL: url }: Config,
  database: Database,
  log: Log,
): Promise<Store> {
  if (url === undefined) {
    const { openPostgresEventStore } = await import("@taem/event-store-postgres");
    return openPostgresEventStore({ database, log });
  }
  const { openEsdbEventStore } = await import("@taem/event-store-esdb");
  return openEsdbEventStore({ url, log });
}

/** Has an EventStoreDB, opened as its administrator, keep all but one user from writing, and that one from deleting. */
export async function restrictAccess(url: string | undefined, user: string): Promise<void> {
  if (url === undefined) {
    throw new OperatorError(
      "event_store_missing",
      "set EVENTSTORE_URL to that of an administrator of the event store",
    );
  }
  const { restrictAccess: restrict } = await import("@taem/event-store-esdb");
  await restrict(url, user);
}
