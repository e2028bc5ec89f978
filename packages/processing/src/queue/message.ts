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

/** A message that is not delivered any more until somebody has looked. */
export interface HeldMessage {
  readonly table: QueueTable;
  readonly queue: string;
  readonly key: string;
  readonly lane: string;
  readonly type: string;
  readonly state: "refused" | "parked";
  readonly attempts: number;
  readonly error: string | null;
}

/** What is parked or refused in the queues of a table, or in one of them, oldest first. */
export async function heldMessages(
  sql: Queryable,
  table: QueueTable,
  queue?: string,
  limit = 1_000,
): Promise<HeldMessage[]> {
  const { rows } = await sql.query<HeldMessage>(
    `SELECT '${table}' AS table, queue, key, lane, type, state, attempts, error FROM ${tableOf(table)}
      WHERE ($1::text IS NULL OR queue = $1) AND state IN ('refused', 'parked') ORDER BY queue, seq LIMIT $2`,
    [queue ?? null, limit],
  );
  return rows;
}

/** Has a message delivered again that has come to an end; whether there is one. Its key keeps it from being done twice. */
export async function replayMessage(
  sql: Queryable,
  table: QueueTable,
  queue: string,
  key: string,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE ${tableOf(table)} SET state = 'waiting', failures = 0, due_at = 0, error = NULL, ended_at = NULL
      WHERE queue = $1 AND key = $2 AND state <> 'waiting'`,
    [queue, key],
  );
  return rowCount > 0;
}
