import type { EventStore, LogAudit, StreamAudit } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { type Environment, type Logger, type Metrics, OperatorError } from "@taem/runtime";
import type { Config } from "./config.ts";
import { plaintextGuard } from "./plaintext.ts";
import { tlsFailure } from "./tls-failure.ts";

/** The log, and what only some stores can do. */
export type Store = EventStore & Partial<LogAudit & StreamAudit>;

/** The store that the configuration names: PostgreSQL unless it says otherwise. Only what is used is loaded. */
export async function openStore(
  config: Config,
  database: Database,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): Promise<Store> {
  const { EVENTSTORE_URL: url } = config;
  const log = (message: string, details = {}) => logger.warn(details, message);
  if (url === undefined) {
    const { openPostgresEventStore } = await import("@taem/event-store-postgres");
    return openPostgresEventStore({ database, log });
  }
  const { connectionTarget, openEsdbEventStore } = await import("@taem/event-store-esdb");
  const fellBehind = metrics.counter({
    name: "taem_event_store_fell_behind_total",
    help: "Live subscriptions that the event store ended for taking less than came. They go on from where they were.",
  });
  const onTooSlow = () => {
    fellBehind.add({});
    logger.info(
      {},
      "a subscription to the event store fell behind what comes live, and goes on from where it was",
    );
  };
  const guard = plaintextGuard(config, "EVENTSTORE_URL", connectionTarget(url).isVerified);
  try {
    return await openEsdbEventStore({ url, guard, log, onTooSlow });
  } catch (error) {
    throw tlsFailure(error, "EventStoreDB", "EVENTSTORE_URL", "tlsCAFile=<file>") ?? error;
  }
}

/** Has an EventStoreDB, opened as its administrator, keep all but one user from writing, and that one from deleting. */
export async function restrictAccess(
  { EVENTSTORE_URL: url, TAEM_PLAINTEXT }: Environment,
  user: string,
): Promise<void> {
  if (url === undefined) {
    throw new OperatorError(
      "event_store_missing",
      "set EVENTSTORE_URL to that of an administrator of the event store",
    );
  }
  const { connectionTarget, restrictAccess: restrict } = await import("@taem/event-store-esdb");
  const allowed = TAEM_PLAINTEXT === "allow" ? TAEM_PLAINTEXT : undefined;
  const guard = plaintextGuard(
    { TAEM_PLAINTEXT: allowed },
    "EVENTSTORE_URL",
    connectionTarget(url).isVerified,
  );
  await restrict(url, user, guard);
}
