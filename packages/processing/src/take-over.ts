import { setTimeout as delay } from "node:timers/promises";
import { type Database, isRolledBack, type Queryable, type Transaction } from "@taem/postgres";
import { countProjected } from "./checkpoints.ts";
import type { Schemas } from "./comparison.ts";
import type { Projection } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";

export interface TakeOverOptions {
  readonly projection: Pick<Projection, "name">;
  readonly database: Database;
  readonly schemas: Schemas;
  /** There are no live tables. */
  readonly isFirst: boolean;
  /** Has the new tables catch up with the live ones, beside projectors or, in a transaction that keeps them out, to the last event. */
  readonly catchUp?: (transaction: Transaction | undefined) => Promise<void>;
  /** In the transaction in which the new tables take over. */
  readonly onTaken?: (transaction: Transaction) => Promise<void>;
  /** Drops the new tables. */
  readonly drop: () => Promise<void>;
  readonly onProgress: (phase: "catch_up" | "take_over", done: number, total: number) => void;
  /** For how long it is tried, in milliseconds; a minute unless told. */
  readonly limitMs?: number | undefined;
}

const LIMIT_MS = 60_000;
/** Events to catch up with while projectors wait. */
const MOST_UNDER_LOCK = 2_000;
/** Shorter than the server's deadlock_timeout: whoever reads on meanwhile is never the one to be cancelled. */
const LOCK_WAIT_MS = 500;
const RETRY_MS = 200;

/** More has come since the new tables caught up than projectors should wait for. */
class LeftBehind extends Error {}

/**
 * New tables take the place of the live ones. They catch up while projectors go on, until little is left; for that, projectors
 * wait at the checkpoints, and then find those of the new tables, which are the same. A query that has begun on the live tables
 * ends on them: they are dropped in the same transaction, which waits for it, but never long while it keeps others out. Throws
 * `take_over_blocked`, with the live tables as they were and the new ones dropped.
 */
export async function takeOver(options: TakeOverOptions): Promise<void> {
  const { database, limitMs = LIMIT_MS, onProgress } = options;
  const until = performance.now() + limitMs;
  for (;;) {
    await approach(options, until);
    onProgress("take_over", 0, 1);
    try {
      await database.transaction((transaction) => swap(transaction, options));
      break;
    } catch (error) {
      if (!isRolledBack(error) && !(error instanceof LeftBehind)) throw error;
      if (performance.now() < until) await delay(RETRY_MS);
      else await giveUp(options, limitMs, error);
    }
  }
  onProgress("take_over", 1, 1);
}

async function approach(options: TakeOverOptions, until: number): Promise<void> {
  const { database, catchUp, onProgress } = options;
  if (catchUp === undefined) return;
  const behind = await eventsBehind(database, options);
  for (let left = behind; left > MOST_UNDER_LOCK && performance.now() < until; ) {
    onProgress("catch_up", Math.max(0, behind - left), behind);
    await catchUp(undefined);
    left = await eventsBehind(database, options);
  }
}

async function eventsBehind(
  sql: Queryable,
  { schemas: { live, rebuilt } }: TakeOverOptions,
): Promise<number> {
  return (await countProjected(sql, live)) - (await countProjected(sql, rebuilt));
}

async function swap(transaction: Transaction, options: TakeOverOptions): Promise<void> {
  const { isFirst, catchUp, onTaken, schemas } = options;
  const { live, rebuilt } = schemas;
  if (isFirst) {
    await transaction.query(`ALTER SCHEMA ${rebuilt} RENAME TO ${live}`);
    return;
  }
  await transaction.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
  await transaction.query(`LOCK TABLE ${live}.checkpoints IN EXCLUSIVE MODE`);
  if (catchUp !== undefined) {
    if ((await eventsBehind(transaction, options)) > MOST_UNDER_LOCK) throw new LeftBehind();
    await catchUp(transaction);
  }
  await onTaken?.(transaction);
  await transaction.query(`ALTER SCHEMA ${live} RENAME TO ${live}_before`);
  await transaction.query(`ALTER SCHEMA ${rebuilt} RENAME TO ${live}`);
  await transaction.query(`DROP SCHEMA ${live}_before CASCADE`);
}

async function giveUp(
  { projection, drop }: TakeOverOptions,
  afterMs: number,
  cause: unknown,
): Promise<never> {
  await drop();
  const why =
    cause instanceof LeftBehind
      ? "events come faster than they are read: run it again while less is written"
      : "something reads or locks the tables in use without end: end it (`SELECT pid, xact_start, query FROM pg_stat_activity " +
        "ORDER BY xact_start` shows what has been open for longest), and run it again";
  throw new ProjectionError(
    "take_over_blocked",
    `the new tables of ${projection.name} could not take the place of those in use within ${afterMs / 1_000} seconds, and these ` +
      `are as they were: ${why}`,
    { cause },
  );
}
