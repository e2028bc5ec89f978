import type { KeyObject } from "node:crypto";
import { resolve } from "node:path";
import type { SealedSnapshots } from "@taem/event-store";
import { type Database, openPool, startEmbeddedPostgres } from "@taem/postgres";
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
import { openStore, type Store } from "./event-store.ts";
import { identify } from "./installation.ts";
import { eventStoreOf, prepareDatabase } from "./migrations.ts";
import { whenThere } from "./patience.ts";
import { assertNoPlaintext, warnOfPlaintext } from "./plaintext.ts";
import { assertReadersOfThisLog } from "./readers.ts";
import { openSnapshots } from "./snapshots.ts";
import { tlsFailure } from "./tls-failure.ts";

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
  /** Seals messages on Kafka. */
  readonly kafkaKey: KeyObject;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly clocks: ClockGuard;
}

const SERVICE = "taem";
const CONNECTIONS = 12;

export function serviceLogger(config: Config): Logger {
  return createLogger({ service: serviceNameOf(config), level: config.TAEM_LOG_LEVEL });
}

/** What a process does to the log. One that only reads gives it no name. */
export type Access = "reads" | "writes";

/** For commands whose output is their result: the log goes to standard error. Waits for servers that are not there yet. */
export async function openToolPlatform(
  config: Config,
  contexts: readonly AnyContext[],
  access: Access = "reads",
): Promise<Platform> {
  const writes = access === "writes";
  const opening = { mayWrite: writes, mustHaveRead: writes, goesByClock: writes, isService: false };
  const logger = await toolLogger(config);
  return await whenTold(config, logger, () => open(config, contexts, logger, opening));
}

/** Brings the database's schema up to date, and does nothing else: `prepareDatabase`, whose errors it throws. */
export async function migrateDatabase(config: Config, contexts: readonly AnyContext[]): Promise<void> {
  const logger = await toolLogger(config);
  await whenTold(config, logger, async () => {
    await using undo = new AsyncDisposableStack();
    await openDatabase(config, contexts, logger, undo, false);
  });
}

function whenTold<T>(config: Config, logger: Logger, begin: () => Promise<T>): Promise<T> {
  return whenThere(begin, { limitMs: config.TAEM_START_LIMIT, logger });
}

async function toolLogger(config: Config): Promise<Logger> {
  const logger = createLogger({
    service: SERVICE,
    level: config.TAEM_LOG_LEVEL,
    destination: process.stderr,
  });
  await warnOfPlaintext(config, logger);
  return logger;
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
  return open(config, contexts, logger, { mayWrite, mustHaveRead: true, goesByClock: true, isService: true });
}

interface Opening {
  readonly mayWrite: boolean;
  /** Whether to refuse a log that is not the one which the database has read. What reads only may say how they differ. */
  readonly mustHaveRead: boolean;
  /** Whether what it writes, or answers, depends on what time it is. */
  readonly goesByClock: boolean;
  /** Whether it runs until it is stopped: then it keeps its embedded server running, too. */
  readonly isService: boolean;
}

async function open(
  config: Config,
  contexts: readonly AnyContext[],
  logger: Logger,
  opening: Opening,
): Promise<Platform> {
  const { mayWrite, mustHaveRead, goesByClock, isService } = opening;
  await using undo = new AsyncDisposableStack();
  const log = (message: string, details = {}) => logger.warn(details, message);
  const { url, database } = await openDatabase(config, contexts, logger, undo, isService);
  const clocks = new ClockGuard(database, systemClock);
  if (goesByClock) await clocks.assertAgreed();
  const metrics = createMetrics();
  const store = await openStore(config, database, { logger, metrics });
  undo.defer(() => store.close());
  const {
    id: installation,
    hmacKey,
    isNew,
  } = await identify({
    database,
    store,
    eventStore: eventStoreOf(config),
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
  const snapshots = await openSnapshots({ database, hmacKey, metrics, logger });
  const health = createHealth();
  // Of its own: that all others are busy is no failure of the database.
  const probe = undo.use(openPool({ url, max: 1, applicationName: `${SERVICE} health` }));
  health.addReadiness("database", async () => {
    await probe.query("SELECT 1");
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
    kafkaKey: derivedKey(hmacKey, "kafka"),
    logger,
    metrics,
    health,
    clock: systemClock,
    clocks,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Brings the database's schema up to date. Nothing is sent anywhere before it is known that nobody can read it on its way. */
async function openDatabase(
  config: Config,
  contexts: readonly AnyContext[],
  logger: Logger,
  undo: AsyncDisposableStack,
  isKept: boolean,
): Promise<{ readonly url: string; readonly database: Database }> {
  const log = (message: string, details = {}) => logger.warn(details, message);
  await assertNoPlaintext(config);
  const url = config.DATABASE_URL ?? undo.use(await startEmbedded(config, logger, isKept)).url;
  const database = undo.use(openPool({ url, max: CONNECTIONS, applicationName: SERVICE, log }));
  try {
    await prepareDatabase(config, contexts, database);
  } catch (error) {
    throw tlsFailure(error, "PostgreSQL", "DATABASE_URL", "sslrootcert=<file>") ?? error;
  }
  return { url, database };
}

function startEmbedded(config: Config, logger: Logger, isKept: boolean) {
  const keep = {
    warn: (message: string, details = {}) => logger.warn(details, message),
    onGivenUp: (error: Error) => {
      // Uncaught, which ends the process: it can do nothing without its database, and says so better by not being there.
      queueMicrotask(() => {
        throw error;
      });
    },
  };
  return startEmbeddedPostgres({
    dataDir: resolve(config.TAEM_DATA_DIR, "postgres"),
    log: (message, details = {}) => logger.debug(details, message),
    ...(isKept && { keep }),
  });
}
