import { int4Array, int8Array, type Queryable, textArray, type Writes } from "@taem/postgres";
import type { Schemas } from "../comparison.ts";
import type { Table } from "../projection.ts";
import { tableOf } from "../queue/schema.ts";
import { named } from "../statement.ts";

const text = `text COLLATE "C" NOT NULL`;

/** Timers that are set: a fold of the log, but for those that have become due, which are in the outbox instead. */
export const timers: Table = {
  name: "timers",
  columns: {
    slice: "smallint NOT NULL",
    key: text,
    scope: text,
    due_at: "bigint NOT NULL",
    position: text,
    lane: text,
    type: text,
    body: text,
    meta: text,
  },
  key: ["slice", "key"],
  indexes: ["CREATE INDEX ON {table} (scope, due_at)"],
  appendOnly: false,
};

export interface TimerRow {
  readonly slice: number;
  readonly key: string;
  readonly scope: string;
  readonly due_at: number;
  readonly position: string;
  readonly lane: string;
  readonly type: string;
  readonly body: string;
  readonly meta: string;
}

/** A timer as a batch sets it. */
export interface TimerToSet {
  readonly row: TimerRow;
  /** It was another one before, or none, by an event of the same batch: what is in the table says nothing of it. */
  readonly anew: boolean;
}

/** Whether it is the same timer, whichever event has set it. */
export function isSameTimer(a: TimerRow, b: TimerRow): boolean {
  return SAME.every((column) => a[column] === b[column]);
}

/** What makes a timer another one under its key. */
const SAME = ["scope", "due_at", "lane", "type", "body"] as const;

/**
 * Adds timers, and moves those that are set. One that is set again as it is stays as it was: of all that a member earns in a
 * month, say, most expires at one instant. One array a column, for there is one for nearly every event of a ledger.
 */
export function setTimers(writes: Writes, schema: string, timers: readonly TimerToSet[]): void {
  const same = SAME.map((column) => `t.${column} = n.${column}`).join(" AND ");
  const statement = named(
    `${schema} set timers`,
    // A look into the key's index for each: what else is compared must not have another index chosen, in which many may be equal.
    `INSERT INTO ${schema}.timers (slice, key, scope, due_at, position, lane, type, body, meta)
     SELECT slice, key, scope, due_at, position, lane, type, body, meta
       FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                   $9::text[], $10::int[])
         AS n (slice, key, scope, due_at, position, lane, type, body, meta, anew)
      WHERE anew = 1
         OR (SELECT ${same} FROM ${schema}.timers t WHERE t.slice = n.slice AND t.key = n.key) IS NOT TRUE
     ON CONFLICT (slice, key) DO UPDATE
        SET scope = excluded.scope, due_at = excluded.due_at, position = excluded.position, lane = excluded.lane,
            type = excluded.type, body = excluded.body, meta = excluded.meta`,
  );
  const rows = timers.map(({ row }) => row);
  const texts = (of: (row: TimerRow) => string) => textArray(rows.map(of));
  writes.run(statement, [
    int4Array(rows.map(({ slice }) => slice)),
    texts(({ key }) => key),
    texts(({ scope }) => scope),
    int8Array(rows.map(({ due_at }) => BigInt(due_at))),
    texts(({ position }) => position),
    texts(({ lane }) => lane),
    texts(({ type }) => type),
    texts(({ body }) => body),
    texts(({ meta }) => meta),
    int4Array(timers.map(({ anew }) => (anew ? 1 : 0))),
  ]);
}

/**
 * How far timers have been sent: of a slice and scope all that were due at `due_at`, of those that events up to
 * `position` had set, but for those that are still there. Tells a rebuild which of the timers that it finds in the log are
 * done with.
 */
export const timerMarks: Table = {
  name: "timer_marks",
  columns: { slice: "smallint NOT NULL", scope: text, due_at: "bigint NOT NULL", position: text },
  key: ["slice", "scope"],
  indexes: [],
  appendOnly: false,
};

/** Each scope that has timers, with the first that becomes due in it. */
export async function scopesWithTimers(
  sql: Queryable,
  schema: string,
): Promise<{ readonly scope: string; readonly dueAt: number }[]> {
  const rows = await sql.queryArrays<[string, bigint]>(
    named(
      `${schema} scopes`,
      // One look into the index a scope, however many timers there are.
      `WITH RECURSIVE first AS (
         (SELECT scope, due_at FROM ${schema}.timers ORDER BY scope, due_at LIMIT 1)
         UNION ALL
         SELECT n.scope, n.due_at FROM first f CROSS JOIN LATERAL (
           SELECT scope, due_at FROM ${schema}.timers t WHERE t.scope > f.scope ORDER BY scope, due_at LIMIT 1
         ) n
       )
       SELECT scope, due_at FROM first`,
    ),
  );
  return rows.map(([scope, dueAt]) => ({ scope, dueAt: Number(dueAt) }));
}

/** Slices whose timers one worker sends at a time. */
const SLICES_A_ROUND = 16;
/** Timers that are looked at in a round: so many at a time are sent, and those due at the same instant as the last. */
const TIMERS_A_ROUND = 5_000;

/**
 * Up to when a round goes: the scope's present, or an instant before it where more are due than a round takes. A statement
 * stays short, whatever became due at once.
 */
export async function roundUpTo(
  transaction: Queryable,
  schema: string,
  scope: string,
  now: number,
): Promise<number> {
  const rows = await transaction.queryArrays<[bigint]>(
    named(
      `${schema} round`,
      `SELECT due_at FROM ${schema}.timers WHERE scope = $1 AND due_at <= $2
        ORDER BY due_at LIMIT 1 OFFSET ${TIMERS_A_ROUND - 1}`,
    ),
    [scope, now],
  );
  return Number(rows[0]?.[0] ?? now);
}

/** Locks slices that have timers due, until the transaction ends; those that another worker has are left to it. */
export async function claimTimers(
  transaction: Queryable,
  schema: string,
  scope: string,
  now: number,
): Promise<number[]> {
  const rows = await transaction.queryArrays<[number]>(
    named(
      `${schema} claim timers`,
      `WITH due AS MATERIALIZED (
         SELECT DISTINCT slice FROM ${schema}.timers WHERE scope = $1 AND due_at <= $2
       )
       SELECT slice FROM due WHERE pg_try_advisory_xact_lock(hashtext($3), slice) LIMIT ${SLICES_A_ROUND}`,
    ),
    [scope, now, `${schema} timers`],
  );
  return rows.map(([slice]) => slice);
}

/**
 * Moves timers that are due into the outbox, longest due first; returns how many. One statement sees one instant: the
 * checkpoints say which events had set what it found. One that was set again while its command is under way is left until
 * that has come to its end: what set it may have come too late for it.
 */
export async function sendDueTimers(
  transaction: Queryable,
  schema: string,
  queue: string,
  due: { readonly scope: string; readonly now: number; readonly slices: readonly number[] },
): Promise<number> {
  const rows = await transaction.queryArrays<[bigint]>(
    named(
      `${schema} send timers`,
      `WITH due AS (
         DELETE FROM ${schema}.timers t WHERE scope = $1 AND due_at <= $2 AND slice = ANY ($3::int[])
            AND (SELECT o.state = 'waiting' FROM ${tableOf("outbox")} o
                  WHERE o.queue = $4 AND o.key = t.key) IS NOT TRUE
         RETURNING slice, key, lane, type, body, meta, due_at
       ), sent AS (
         INSERT INTO ${tableOf("outbox")} (queue, slice, lane, key, type, body, meta)
         SELECT $4, slice, lane, key, type, body, meta FROM due ORDER BY due_at, key
         ON CONFLICT (queue, key) DO NOTHING
       ), marked AS (
         INSERT INTO ${schema}.timer_marks AS m (slice, scope, due_at, position)
         SELECT slice, $1, $2, position FROM ${schema}.checkpoints WHERE slice = ANY ($3::int[])
         ON CONFLICT (slice, scope)
         DO UPDATE SET due_at = greatest(m.due_at, excluded.due_at), position = excluded.position
       )
       SELECT count(*) FROM due`,
    ),
    [due.scope, due.now, due.slices, queue],
  );
  return Number(rows[0]?.[0]);
}

/**
 * Takes the timers out of a rebuilt table that were sent from the live one; those that were set again since are as they are
 * there, for which event set them again depends on when they were sent. Of live tables of a version before `since`, whose timers
 * were others, all that are due are sent (again), each under its key. So are those of a slice in which streams are parked in
 * the live tables alone, whose timers were not sent.
 */
export async function carryOverTimers(
  transaction: Queryable,
  { live, rebuilt }: Schemas,
  since: number,
): Promise<void> {
  const { rowCount } = await transaction.query(`SELECT FROM ${live}.definition WHERE version >= $1`, [since]);
  if (rowCount === 0) return;
  await transaction.query(
    `INSERT INTO ${rebuilt}.timer_marks SELECT * FROM ${live}.timer_marks
     ON CONFLICT (slice, scope) DO UPDATE SET due_at = excluded.due_at, position = excluded.position`,
  );
  await transaction.query(
    `WITH sent AS (
       DELETE FROM ${rebuilt}.timers t USING ${rebuilt}.timer_marks m
        WHERE m.slice = t.slice AND m.scope = t.scope AND t.due_at <= m.due_at AND t.position <= m.position
          AND NOT EXISTS (SELECT FROM ${live}.parked p WHERE p.slice = t.slice
                             AND NOT EXISTS (SELECT FROM ${rebuilt}.parked r WHERE r.slice = p.slice AND r.key = p.key))
       RETURNING t.*
     )
     INSERT INTO ${rebuilt}.timers (slice, key, scope, due_at, position, lane, type, body, meta)
     SELECT t.slice, t.key, t.scope, t.due_at, l.position, t.lane, t.type, t.body, l.meta
       FROM ${live}.timers l JOIN sent t USING (slice, key)`,
  );
}
