import type { EventStore } from "@taem/event-store";
import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import type { LogAudit } from "@taem/ledger";
import type { Database } from "@taem/postgres";
import type { Config } from "./config.ts";

/** The log, and what only some stores can do. */
export type Store = EventStore & Partial<LogAudit>;

type Log = (message: string, details?: Record<string, unknown>) => void;

/** The store that the configuration names: PostgreSQL unless it says otherwise. */
export function openStore({ EVENTSTORE_URL: url }: Config, database: Database, log: Log): Promise<Store> {
  return url === undefined ? openPostgresEventStore({ database, log }) : openEsdbEventStore({ url, log });
}
