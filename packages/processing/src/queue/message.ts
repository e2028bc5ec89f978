import type { Queryable, Statement } from "@taem/postgres";
import { named } from "../statement.ts";
import { type QueueTable, tableOf } from "./schema.ts";

/** A message as it is put into a queue. */
export interface NewMessage {
  /** Permanent and unique in its queue: put in again, it is the same message. */
  readonly key: string;
  /** Below `SLICES`; of all messages of a lane the same. */
  readonly slice: number;
  readonly lane: string;
  readonly type: string;
  readonly body: string;
  /** Canonical JSON of its provenance. */
  readonly meta: string;
  /** Kept with an incoming message, for whoever brings it again. */
  readonly answer?: string;
  /** Server time before which it is not delivered. */
  readonly dueAt?: number;
  /** Why it is parked from the first. */
  readonly parked?: string | undefined;
}

/** A message as it is delivered. */
export interface Message extends Pick<NewMessage, "key" | "slice" | "lane" | "type" | "body" | "meta"> {
  /** Deliveries before this one. */
  readonly attempts: number;
  /** Of those, the last ones that failed for no passing reason. */
  readonly failures: number;
}

/** What adds messages that the queue has not had yet, in this order; it returns the keys of those. */
export function addingMessages(
  table: QueueTable,
  queue: string,
  messages: readonly NewMessage[],
): { readonly statement: Statement; readonly values: readonly string[] } {
  const rows = messages.map(({ parked, dueAt, answer, ...message }) => ({
    ...message,
    answer: answer ?? "",
    due_at: dueAt ?? 0,
    state: parked === undefined ? "waiting" : "parked",
    error: parked,
  }));
  const statement = named(
    `${table} add`,
    `INSERT INTO ${tableOf(table)} (queue, slice, lane, key, type, body, meta, answer, state, due_at, error)
       SELECT $1, slice, lane, key, type, body, meta, answer, state, due_at, error
         FROM json_populate_recordset(NULL::${tableOf(table)}, $2::json)
       ON CONFLICT (queue, key) DO NOTHING RETURNING key`,
  );
  return { statement, values: [queue, JSON.stringify(rows)] };
}

/** Adds messages that the queue has not had yet, in this order; returns the keys of those. */
export async function addMessages(
  transaction: Queryable,
  table: QueueTable,
  queue: string,
  messages: readonly NewMessage[],
): Promise<string[]> {
  const { statement, values } = addingMessages(table, queue, messages);
  const { rows } = await transaction.query<{ key: string }>(statement, values);
  return rows.map(({ key }) => key);
}

/** Deliveries after which a message that still waits is told of. */
export const DELAYED_AFTER = 5;

/** A message that somebody has to look at. */
export interface HeldMessage {
  readonly table: QueueTable;
  readonly queue: string;
  readonly key: string;
  readonly lane: string;
  readonly type: string;
  /** `waiting`: it is tried again and again, and has been told to come later `DELAYED_AFTER` times or more. */
  readonly state: "refused" | "parked" | "waiting";
  readonly attempts: number;
  readonly error: string | null;
}

/** Of messages, which are held. */
export const IS_HELD = `(state IN ('refused', 'parked') OR (state = 'waiting' AND attempts >= ${DELAYED_AFTER}))`;
const HELD_AT_ONCE = 1_000;

/** What is held in the queues of a table, or in one of them: by queue, oldest first, however many there are. */
export async function* heldMessages(
  sql: Queryable,
  table: QueueTable,
  queue?: string,
): AsyncGenerator<HeldMessage> {
  for (let after: readonly [string, string] = ["", "0"]; ; ) {
    const { rows } = await sql.query<HeldMessage & { readonly place: string }>(
      `SELECT '${table}' AS table, queue, key, lane, type, state, attempts, error, seq::text AS place FROM ${tableOf(table)}
        WHERE ($1::text IS NULL OR queue = $1) AND ${IS_HELD} AND (queue, seq) > ($2, $3::bigint)
        ORDER BY queue, seq LIMIT ${HELD_AT_ONCE}`,
      [queue ?? null, ...after],
    );
    for (const { place, ...message } of rows) {
      after = [message.queue, place];
      yield message;
    }
    if (rows.length < HELD_AT_ONCE) return;
  }
}

/**
 * Has a message delivered again that has come to an end, or now that waits; whether there is one. Its key keeps it from being
 * done twice.
 */
export async function replayMessage(
  sql: Queryable,
  table: QueueTable,
  queue: string,
  key: string,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE ${tableOf(table)} SET state = 'waiting', attempts = 0, failures = 0, due_at = 0, error = NULL, ended_at = NULL
      WHERE queue = $1 AND key = $2`,
    [queue, key],
  );
  return rowCount > 0;
}
