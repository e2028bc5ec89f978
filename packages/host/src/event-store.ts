import type { EventStore, LogAudit } from "@taem/event-store";
import type { Database } from "@taem/postgres";
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
