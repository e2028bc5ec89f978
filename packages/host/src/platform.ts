import type { KeyObject } from "node:crypto";
import { resolve } from "node:path";
import type { SealedSnapshots } from "@taem/event-store";
import { type Database, migrate, openPool, startEmbeddedPostgres } from "@taem/postgres";
import { migrateQueues } from "@taem/processing";
import {
  type Clock,
  createHealth,
  createLogger,
  createMetrics,
  derivedKey,
  type Health,
  type Logger,
  type Metrics,
  systemClock,
} from "@taem/runtime";
import { ClockGuard } from "./clock-guard.ts";
import { type Config, serviceNameOf } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { permissionsOf } from "./contexts.ts";
import { onFirstContact } from "./database-fault.ts";
import { openStore, type Store } from "./event-store.ts";
import { assertEventStore, identify, installationMigrations } from "./installation.ts";
import { assertReadersOfThisLog } from "./readers.ts";
import { openSnapshots } from "./snapshots.ts";

/** What the services of one process share. */
export interface Platform extends AsyncDisposable {
  /** Those of the product, whatever this process does of each. */
  readonly contexts: readonly AnyContext[];
  readonly database: Database;
  /** The database's own, with its password. */
  readonly databaseUrl: string;
  readonly store: Store;
  readonly snapshots: SealedSnapshots;
  /** The installation's id. */
  readonly installation: string;
  /** Whether it begins with this process. */
  readonly isNew: boolean;
  readonly hmacKey: KeyObject;
  /** Signs the tokens of answers. */
  readonly tokenKey: KeyObject;
  /** Signs who people are. */
  readonly personKey: KeyObject;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly clocks: ClockGuard;
}

const SERVICE = "taem";
const CONNECTIONS = 12;

function serviceLogger(config: Config): Logger {
  return createLogger({ service: serviceNameOf(config), level: config.TAEM_LOG_LEVEL });
}

/** What a process does to the log. One that only reads gives it no name. */
export type Access = "reads" | "writes";

/** For commands whose output is their result: the log goes to standard error. */
export async function openToolPlatform(
  config: Config,
  contexts: readonly AnyContext[],
  access: Access = "reads",
): Promise<Platform> {
  const { TAEM_LOG_LEVEL: level } = config;
  const logger = createLogger({ service: SERVICE, level, destination: process.stderr });
  const writes = access === "writes";
  return open(config, contexts, logger, { mayWrite: writes, mustHaveRead: writes, goesByClock: writes });
}

const WRITERS: readonly string[] = ["commands", "scheduler"];

/**
 * Starts or connects to PostgreSQL, brings its schema up to date, opens the event store and compares the two. Throws the
 * `OperatorError` of `identify` where they do not belong together, and `checkpoint_beyond_head` or `checkpoint_not_in_log`
 * where the database has read what the log has not.
 */
export async function openPlatform(
  config: Config,
  contexts: readonly AnyContext[],
  logger = serviceLogger(config),
): Promise<Platform> {
  const mayWrite = config.TAEM_SERVICES.some((service) => WRITERS.includes(service));
  return open(config, contexts, logger, { mayWrite, mustHaveRead: true, goesByClock: true });
}

interface Opening {
  readonly mayWrite: boolean;
  /** Whether to refuse a log that is not the one which the database has read. What reads only may say how they differ. */
  readonly mustHaveRead: boolean;
  /** Whether what it writes, or answers, depends on what time it is. */
  readonly goesByClock: boolean;
}

async function open(
  config: Config,
  contexts: readonly AnyContext[],
  logger: Logger,
  opening: Opening,
): Promise<Platform> {
  const { mayWrite, mustHaveRead, goesByClock } = opening;
  await using undo = new AsyncDisposableStack();
  const url = config.DATABASE_URL ?? undo.use(await startEmbedded(config, logger)).url;
  const log = (message: string, details = {}) => logger.warn(details, message);
  const database = undo.use(openPool({ url, max: CONNECTIONS, applicationName: SERVICE, log }));
  await onFirstContact(() => migrate(database, "installation", installationMigrations));
  await migrateQueues(database);
  for (const { migrations = {} } of contexts)
    for (const [component, steps] of Object.entries(migrations)) await migrate(database, component, steps);
  const eventStore = config.EVENTSTORE_URL === undefined ? "PostgreSQL" : "EventStoreDB";
  await assertEventStore(database, eventStore);
  const clocks = new ClockGuard(database, systemClock);
  if (goesByClock) await clocks.assertAgreed();
  const store = await openStore(config, database, log);
  undo.defer(() => store.close());
  const {
    id: installation,
    hmacKey,
    isNew,
  } = await identify({
    database,
    store,
    eventStore,
    givenKey: config.TAEM_HMAC_KEY,
    mayWrite,
    assertRead: mustHaveRead
      ? () => assertReadersOfThisLog({ database, store, contexts }, config)
      : async () => undefined,
    beforeNaming: async () => {
      const permissions = permissionsOf(contexts);
      for (const { adopt } of contexts) await adopt?.({ database, store, logger, permissions });
    },
    log,
  });
  const metrics = createMetrics();
  const snapshots = await openSnapshots({ database, hmacKey, metrics, logger });
  const health = createHealth();
  health.addReadiness("database", async () => {
    await database.query("SELECT 1");
  });
  if (goesByClock) health.addReadiness("clocks", () => clocks.assertAgreed());
  const opened = undo.move();
  return {
    contexts,
    database,
    databaseUrl: url,
    store,
    snapshots,
    installation,
    isNew,
    hmacKey,
    tokenKey: derivedKey(hmacKey, "token"),
    personKey: derivedKey(hmacKey, "person"),
    logger,
    metrics,
    health,
    clock: systemClock,
    clocks,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function startEmbedded(config: Config, logger: Logger) {
  return startEmbeddedPostgres({
    dataDir: resolve(config.TAEM_DATA_DIR, "postgres"),
    log: (message, details = {}) => logger.debug(details, message),
  });
}
