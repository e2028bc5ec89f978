import {
  type Append,
  type EventStore,
  OutcomeUnknown,
  type Position,
  StoreUnavailable,
} from "@taem/event-store";
import {
  type Database,
  isConnectionLost,
  type Listener,
  type Log,
  migrate,
  openPool,
  type Queryable,
} from "@taem/postgres";
import { encodeBatch, sendBatch } from "./append-batch.ts";
import { toPosition } from "./event-rows.ts";
import { followLog } from "./log-follower.ts";
import { readHead, readPage } from "./log-reader.ts";
import { type VerifiedPage, verifyPage } from "./log-verification.ts";
import { GivenUp, persist } from "./persistence.ts";
import { migrations, SCHEMA } from "./schema.ts";
import { StreamNames } from "./stream-names.ts";
import { readStreamPages, readStreams } from "./stream-reader.ts";
import { WakeUps } from "./wake-ups.ts";

export type PostgresEventStoreOptions = {
  readonly log?: Log;
} & (
  | { /** A pool of the caller's, who closes it after the store. */ readonly database: Database }
  | { readonly url: string /** Connections at most. */; readonly max?: number }
);

export interface PostgresEventStore extends EventStore, AsyncDisposable {
  /** Like `readLog`, and tells the first event that is missing or not as it was written. */
  verifyPage(after: Position, limit: number): Promise<VerifiedPage>;
}

const CONNECTIONS = 6;
const STREAM_PAGE = 500;
/**
 * How long the server may say nothing to an attempt; then it is made again on another connection, or, of a read, refused. Longer
 * than it waits for its turn (`append` in schema.ts), and half of what a caller waits.
 */
const SILENCE_MS = 5_000;

/** Makes the log's tables and functions where they are missing. Throws what `migrate` throws. */
export async function migrateLog(database: Database): Promise<void> {
  await migrate(database, "event-store", migrations);
}

/** Opens the store in its own schema of the database, made when missing. Any number of instances may share it. */
export function openPostgresEventStore(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
  return openWith(options, SILENCE_MS);
}

export async function openWith(
  options: PostgresEventStoreOptions,
  silenceMs: number,
): Promise<PostgresEventStore> {
  if ("database" in options) {
    await migrateLog(options.database);
    return storeOn(options.database, silenceMs, async () => {});
  }
  const { url, max = CONNECTIONS, log } = options;
  const database = openPool({ url, max, applicationName: "taem-event-store", ...(log && { log }) });
  try {
    await migrateLog(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return storeOn(database, silenceMs, () => database.close());
}

function storeOn(
  database: Database,
  silenceMs: number,
  closeDatabase: () => Promise<void>,
): PostgresEventStore {
  const closing = new AbortController();
  const attempts = database.within(silenceMs);
  const reader = readerOn(attempts);
  const wakeUps = new WakeUps();
  const streams = new StreamNames();
  let listener: Listener | undefined;

  const endOf = (signal: AbortSignal | undefined) =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);

  const append = async (appends: readonly Append[], signal?: AbortSignal) => {
    if (appends.length === 0) return [];
    const batch = encodeBatch(appends);
    try {
      return await persist(() => sendBatch(attempts, batch), endOf(signal));
    } catch (error) {
      throw error instanceof GivenUp ? new OutcomeUnknown(error.cause) : error;
    }
  };
  const close = async () => {
    closing.abort();
    await listener?.close();
    await closeDatabase();
  };
  return {
    checksReads: true,
    groupsAppends: true,
    append,
    read: (requests) => readStreams(reader, requests),
    readStream: (stream, afterRevision, pageSize = STREAM_PAGE) =>
      readStreamPages(reader, stream, afterRevision, pageSize),
    async readLog(after, limit, filter = {}) {
      const { events, next } = await readPage(reader, streams, after, limit, filter);
      return { events, next };
    },
    follow(after, { signal, ...options }) {
      listener ??= database.listen(SCHEMA, () => wakeUps.ring());
      return followLog(attempts, streams, wakeUps, after, { ...options, signal: endOf(signal) });
    },
    head: async () => toPosition(await readHead(reader)),
    async positionAt(instant) {
      const [row] = await reader.queryArrays<[bigint]>(`SELECT ${SCHEMA}.position_at($1)`, [instant]);
      return toPosition(row?.[0] ?? 0n);
    },
    verifyPage: (after, limit) => verifyPage(reader, after, limit),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The database, saying in the port's terms that the server is away. */
function readerOn(database: Queryable): Queryable {
  const rejected = (error: unknown): never => {
    throw isConnectionLost(error) ? new StoreUnavailable(error) : error;
  };
  return {
    query: (statement, values) => database.query<never>(statement, values).catch(rejected),
    queryArrays: (statement, values) => database.queryArrays<never>(statement, values).catch(rejected),
    copyInto: (table, columns, rows) => database.copyInto(table, columns, rows).catch(rejected),
  };
}
