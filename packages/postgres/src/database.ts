import { once } from "node:events";
import { finished } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { ConnectionLender } from "./connection-lender.ts";
import { copyChunks } from "./copy-encoding.ts";
import { type Listener, startListener } from "./listener.ts";
import type { Log } from "./log.ts";
import { PostgresError } from "./postgres-error.ts";
import type { Statement } from "./statement.ts";
import { valueTypes } from "./value-types.ts";
import { WriteMessage } from "./write-message.ts";
import type { StatementStep, Writes } from "./writes.ts";

export interface Result<Row> {
  readonly rows: Row[];
  /** Rows returned or changed. */
  readonly rowCount: number;
}

/**
 * Runs statements. Parameters are `$1`...; values come back as `valueTypes` says: int8 is a bigint, numeric a string,
 * timestamptz milliseconds since the epoch. Errors are pg's, with SQLSTATE in `code`; `isConnectionLost` sorts them.
 */
export interface Queryable {
  query<Row extends object = Record<string, unknown>>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<Result<Row>>;

  /** The same with rows as arrays in column order: cheaper where rows are many. */
  queryArrays<Row extends readonly unknown[]>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<Row[]>;

  /**
   * Streams rows into a table by COPY and returns their number. `table` and `columns` are SQL identifiers, inserted
   * as they are. Values are strings, numbers, bigints, booleans, bytes or null.
   */
  copyInto(table: string, columns: readonly string[], rows: Iterable<readonly unknown[]>): Promise<number>;
}

/** A transaction under way. */
export interface Transaction extends Queryable {
  /** Sends all of it at once: one round trip. */
  write(writes: Writes): Promise<void>;
}

export interface TransactionOptions {
  /** All statements see one instant of the database. */
  readonly snapshot?: boolean;
  /** The commit does not wait for the disk: only for what is replayed when lost. */
  readonly relaxed?: boolean;
  /**
   * Others wait for what it locks, so the server rolls it back when this process falls silent in it, as one that is
   * held or cut off does, or when one of its statements takes a minute or waits ten seconds for a lock; and where the
   * server falls silent, the connection is given up after a minute and a half.
   */
  readonly brief?: boolean;
}

/** Runs statements, alone or in transactions. */
export interface Transactional extends Queryable {
  /** Commits what `work` did when it resolves, rolls it back when it rejects. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export interface Database extends Transactional, AsyncDisposable {
  /**
   * The same for what the server soon begins to answer: where it says nothing for so many milliseconds, the connection is given
   * up, and what was asked rejects as on a lost connection. It may have been done, and can be asked again on another one.
   */
  within(silenceMs: number): Transactional;

  /** All of it in a transaction of its own: one round trip. When it rejects with a lost connection, nobody knows. */
  write(writes: Writes, options?: Omit<TransactionOptions, "snapshot">): Promise<void>;

  /**
   * Listens on a connection of its own that is made again whenever it is lost. `onNotify` receives each payload, and
   * undefined whenever listening has (again) begun: what was notified before then must be looked for.
   */
  listen(channel: string, onNotify: (payload: string | undefined) => void): Listener;

  /** Waits for what is running and closes every connection; listeners are closed by their owners. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly url: string;
  /** Connections at most; further work waits for one. */
  readonly max: number;
  /** Shown by the server beside each connection. */
  readonly applicationName: string;
  readonly log?: Log;
}

/** For a connection of the pool that is not lent. */
const FREE_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 10_000;
const BRIEF_SILENCE_MS = 10_000;
const BRIEF_STATEMENT_MS = 60_000;
const BRIEF_MS = 90_000;

/** Opens a pool; connections are made when first needed. */
export function openPool(options: PoolOptions): Database {
  const connection: pg.ClientConfig = {
    connectionString: options.url,
    application_name: options.applicationName,
    keepAlive: true,
    // Otherwise two hours of silence go by before a dead server is asked whether it lives.
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: valueTypes,
  };
  const pool = new pg.Pool({
    ...connection,
    max: options.max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    connectionTimeoutMillis: FREE_TIMEOUT_MS,
    Client: PooledClient,
  });
  const log = options.log ?? (() => {});
  // A connection lost between two statements raises an event, and an unheard one would end the process. Whoever uses
  // the connection next gets the error.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", (error) => log("idle database connection lost", { error: error.message }));

  const lender = new ConnectionLender(pool);
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= lender.close();
    return closing;
  };
  const transactionalOf = (listen: Listen): Transactional => ({
    ...queryableOf((use) => lender.lendOnce((client) => listen(client, () => use(client)))),
    transaction: (work, how = {}) =>
      lender.lend((client) => limited(client, how, () => attemptTransaction(client, listen, work, how))),
  });
  return {
    ...transactionalOf((_, statement) => statement()),
    within: (silenceMs) =>
      transactionalOf((client, statement) => lender.listen(client, silenceMs, statement)),
    write: (writes, how = {}) =>
      lender.lend((client) =>
        limited(client, how, () => send(client, [...settingStep(how), ...writes.steps])),
      ),
    listen: (channel, onNotify) => startListener(connection, channel, onNotify, log),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Made by the pool, which waits for a free connection with the patience of its own. */
class PooledClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super({ ...(config as pg.ClientConfig), connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  }
}

type Lend = <T>(use: (client: pg.PoolClient) => Promise<T>) => Promise<T>;
/** Has a statement be answered, or not for ever waited for. */
type Listen = <T>(client: pg.PoolClient, statement: () => Promise<T>) => Promise<T>;

function queryableOf(lend: Lend): Queryable {
  return {
    query: <Row extends object>(statement: string | Statement, values: readonly unknown[] = []) =>
      lend(async (client) => {
        const { rows, rowCount } = await ask(client, { ...parsed(statement), values: [...values] });
        return { rows: rows as Row[], rowCount: rowCount ?? 0 };
      }),
    queryArrays: <Row extends readonly unknown[]>(
      statement: string | Statement,
      values: readonly unknown[] = [],
    ) =>
      lend(async (client) => {
        const query = { ...parsed(statement), values: [...values], rowMode: "array" as const };
        const { rows } = await ask(client, query);
        return rows as unknown as Row[];
      }),
    copyInto: (table, columns, rows) => lend((client) => copyRows(client, table, columns, rows)),
  };
}

/** By the client's callback: its own promises keep what was sent until a full collection, and there are more of these, and longer. */
function ask(client: pg.PoolClient, query: pg.QueryConfig | pg.QueryArrayConfig): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    void client.query(query as pg.QueryConfig, (error: Error | null, result: pg.QueryResult) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

function parsed(statement: string | Statement): Statement {
  return typeof statement === "string" ? { text: statement } : statement;
}

async function limited<T>(
  client: pg.PoolClient,
  { brief }: TransactionOptions,
  work: () => Promise<T>,
): Promise<T> {
  // With a statement under way this closes the socket, and the statement rejects.
  const limit = brief ? setTimeout(() => void client.end().catch(() => {}), BRIEF_MS) : undefined;
  try {
    return await work();
  } finally {
    clearTimeout(limit);
  }
}

function send(client: pg.PoolClient, steps: Writes["steps"]): Promise<void> {
  return client.query(new WriteMessage(steps)).done;
}

async function attemptTransaction<T>(
  client: pg.PoolClient,
  listen: Listen,
  work: (transaction: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  await listen(client, () => ask(client, { text: begin(options) }));
  try {
    const result = await work({
      ...queryableOf((use) => listen(client, () => use(client))),
      write: ({ steps }) => listen(client, () => send(client, steps)),
    });
    await listen(client, () => commit(client));
    return result;
  } catch (error) {
    // Fails only on a lost connection, where the server rolls back by itself and `error` says what happened.
    await listen(client, () => ask(client, { text: "ROLLBACK" })).catch(() => {});
    throw error;
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await ask(client, { text: "COMMIT" });
  if (command === "COMMIT") return;
  throw new PostgresError(
    "transaction_aborted",
    "nothing was committed: a statement of the transaction failed and its error was not passed on",
  );
}

function begin(options: TransactionOptions): string {
  return [
    `BEGIN ISOLATION LEVEL ${options.snapshot === true ? "REPEATABLE READ" : "READ COMMITTED"}`,
    ...Object.entries(settingsOf(options)).map(([name, value]) => `SET LOCAL ${name} = ${value}`),
  ].join("; ");
}

function settingsOf({ relaxed = false, brief = false }: TransactionOptions): Record<string, string | number> {
  return {
    ...(relaxed && { synchronous_commit: "off" }),
    ...(brief && {
      idle_in_transaction_session_timeout: BRIEF_SILENCE_MS,
      statement_timeout: BRIEF_STATEMENT_MS,
      lock_timeout: BRIEF_SILENCE_MS,
    }),
  };
}

/** The same for a transaction that nobody has begun: they end with it. */
function settingStep(options: TransactionOptions): StatementStep[] {
  const settings = Object.entries(settingsOf(options));
  if (settings.length === 0) return [];
  const calls = settings.map(([setting, value]) => `set_config('${setting}', '${value}', true)`);
  const name = `settings${options.relaxed ? " relaxed" : ""}${options.brief ? " brief" : ""}`;
  return [{ statement: { name, text: `SELECT ${calls.join(", ")}` }, values: [], expected: undefined }];
}

async function copyRows(
  client: pg.PoolClient,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly unknown[]>,
): Promise<number> {
  const stream = client.query(copyFrom(`COPY ${table} (${columns.join(", ")}) FROM STDIN`));
  const copied = finished(stream);
  let isRefused = false;
  stream.once("error", () => {
    isRefused = true;
  });
  // Its failure is met below, however far the writing has come by then.
  copied.catch(() => {});
  try {
    // Written by hand: a pipeline costs a small copy as much again as the copy itself.
    for (const chunk of copyChunks(rows)) {
      if (!stream.write(chunk)) await Promise.race([once(stream, "drain"), copied]);
    }
    stream.end();
  } catch (error) {
    // The server's refusal has ended the copy; ours has to be told to the server.
    if (isRefused) throw error;
    stream.destroy(error as Error);
    await copied.catch(() => {});
    throw error;
  }
  await copied;
  return stream.rowCount;
}
