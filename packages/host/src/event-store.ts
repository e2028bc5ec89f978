import type { EventStore, LogAudit } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import type { Config } from "./config.ts";
import { plaintextGuard } from "./plaintext.ts";
import { tlsFailure } from "./tls-failure.ts";

/** The log, and what only some stores can do. */
export type Store = EventStore & Partial<LogAudit>;

type Log = (message: string, details?: Record<string, unknown>) => void;

/** The store that the configuration names: PostgreSQL unless it says otherwise. Only what is used is loaded. */
export async function openStore(config: Config, database: Database, log: Log): Promise<Store> {
  const { EVENTSTORE_URL: url } = config;
  if (url === undefined) {
    const { openPostgresEventStore } = await import("@taem/event-store-postgres");
    return openPostgresEventStore({ database, log });
  }
  const { connectionTarget, openEsdbEventStore } = await import("@taem/event-store-esdb");
  const guard = plaintextGuard(config, "EVENTSTORE_URL", connectionTarget(url).isVerified);
  try {
    return await openEsdbEventStore({ url, guard, log });
  } catch (error) {
    throw tlsFailure(error, "EventStoreDB", "EVENTSTORE_URL", "tlsCAFile=<file>") ?? error;
  }
}
