import { SLICES } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import { named } from "../statement.ts";
import type { Message } from "./message.ts";
import { type QueueTable, tableOf } from "./schema.ts";

/** Slices that one worker has at a time: what is left is another one's. */
const SLICES_A_ROUND = 16;
/** Messages of one round at most. */
const MESSAGES_A_ROUND = 256;

/**
 * Locks slices that have something due, until the transaction ends; those that another worker has are left to it. Locks
 * are the server's and go with the connection: a worker that dies frees its slices at once.
 */
export async function claimSlices(
  transaction: Queryable,
  table: QueueTable,
  queue: string,
  now: number,
  from: number,
): Promise<number[]> {
  const rows = await transaction.queryArrays<[number]>(
    named(
      `${table} claim`,
      `WITH due AS MATERIALIZED (
         SELECT slice FROM generate_series(0, ${SLICES - 1}) slice
          WHERE EXISTS (SELECT FROM ${tableOf(table)} q
                         WHERE q.queue = $1 AND q.slice = slice.slice AND q.state = 'waiting' AND q.due_at <= $2)
          ORDER BY (slice + ${SLICES} - $3::int) % ${SLICES}
       )
       SELECT slice FROM due
        WHERE pg_try_advisory_xact_lock(hashtext($4), slice) LIMIT ${SLICES_A_ROUND}`,
    ),
    [queue, now, from, `${table} ${queue}`],
  );
  return rows.map(([slice]) => slice);
}

/** What is due in these slices, in its order. A lane that waits for one of its messages has nothing behind it due. */
export async function dueMessages(
  transaction: Queryable,
  table: QueueTable,
  queue: string,
  now: number,
  slices: readonly number[],
): Promise<Message[]> {
  const { rows } = await transaction.query<Message>(
    named(
      `${table} due`,
      `WITH held AS MATERIALIZED (
         SELECT slice, lane, min(seq) AS seq FROM (
           SELECT slice, lane, seq FROM ${tableOf(table)}
            WHERE queue = $1 AND slice = ANY ($3::int[]) AND state = 'parked'
           UNION ALL
           SELECT slice, lane, seq FROM ${tableOf(table)}
            WHERE queue = $1 AND slice = ANY ($3::int[]) AND state = 'waiting' AND due_at > $2
         ) h GROUP BY slice, lane
       )
       SELECT q.key, q.slice, q.lane, q.type, q.body, q.meta, q.attempts, q.failures
         FROM unnest($3::int[]) s (slice) CROSS JOIN LATERAL (
           -- Slice by slice an index has them in their order, however many wait.
           SELECT q.* FROM ${tableOf(table)} q
            WHERE q.queue = $1 AND q.slice = s.slice AND q.state = 'waiting' AND q.due_at <= $2
              AND NOT EXISTS (SELECT FROM held h WHERE h.slice = q.slice AND h.lane = q.lane AND h.seq <= q.seq)
            ORDER BY q.seq LIMIT ${MESSAGES_A_ROUND}
         ) q
        ORDER BY q.seq LIMIT ${MESSAGES_A_ROUND}`,
    ),
    [queue, now, slices],
  );
  return rows;
}

/** What a message is after a delivery. */
export interface Settled {
  readonly key: string;
  readonly state: "waiting" | "done" | "refused" | "parked";
  readonly failures: number;
  readonly due_at: number;
  readonly error: string | null;
}

export async function settle(
  transaction: Queryable,
  table: QueueTable,
  queue: string,
  settled: readonly Settled[],
  keepsDone: boolean,
): Promise<void> {
  const isGone = ({ state }: Settled) => state === "done" && !keepsDone;
  const gone = settled.filter(isGone).map(({ key }) => key);
  const kept = settled.filter((message) => !isGone(message));
  if (gone.length > 0) {
    await transaction.query(
      named(`${table} drop`, `DELETE FROM ${tableOf(table)} WHERE queue = $1 AND key = ANY ($2)`),
      [queue, gone],
    );
  }
  if (kept.length === 0) return;
  await transaction.query(
    named(
      `${table} settle`,
      `UPDATE ${tableOf(table)} q
          SET state = s.state, attempts = least(q.attempts, 2147483646) + 1, failures = s.failures, due_at = s.due_at, error = s.error,
              ended_at = CASE WHEN s.state IN ('done', 'refused') THEN now() END
         FROM json_populate_recordset(NULL::${tableOf(table)}, $2::json) s
        WHERE q.queue = $1 AND q.key = s.key`,
    ),
    [queue, JSON.stringify(kept)],
  );
}
