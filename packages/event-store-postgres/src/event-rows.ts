import { type Position, type RecordedEvent, START } from "@taem/event-store";
import { SCHEMA } from "./schema.ts";

const POSITION_DIGITS = 16;

export function toPosition(number: bigint): Position {
  return number === 0n ? START : padded(String(number));
}

export function fromPosition(position: Position): bigint {
  return BigInt(position);
}

function padded(digits: string): Position {
  return digits.padStart(POSITION_DIGITS, "0");
}

/** An event as selected by `EVENT_COLUMNS` from the events `e`, in array mode. */
export type EventRow = readonly [
  position: string,
  stream: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  meta: string,
  slice: number,
  recordedAt: string,
];

/** Numbers of 64 bits as text: cheap on both sides. */
const columns = (stream: string) =>
  `e.position::text, ${stream}, e.revision, e.event_id, e.type, e.data, e.meta, e.slice, e.recorded_at::text`;

/** The stream's name by a look-up for each row: a join could be planned as a scan of all streams. */
export const EVENT_COLUMNS = columns(`(SELECT s.name FROM ${SCHEMA}.streams s WHERE s.id = e.stream_id)`);

/** The same with the stream's id in place of its name, for `StreamNames`: half the price of a page of the log. */
export const LOG_COLUMNS = columns("e.stream_id::text");

export function toEvent(row: EventRow, stream = row[1]): RecordedEvent {
  const [position, , revision, id, type, data, meta, slice, recordedAt] = row;
  return {
    id,
    type,
    data,
    meta,
    stream,
    revision,
    position: padded(position),
    slice,
    recordedAt: Number(recordedAt),
  };
}

/** An event, or the stream it belongs to, was deleted by other means than this store. Never read past. */
export class EventLogDamaged extends Error {
  readonly code = "event_log_damaged";
  constructor(missing: bigint | string, what = "event") {
    super(`the event log has no ${what} at position ${missing}: restore the database from a backup`);
    this.name = "EventLogDamaged";
  }
}

/** Positions are dense, so the rows that follow a position are numbered from there. */
export function assertDense(after: bigint, rows: readonly EventRow[]): void {
  const last = rows.at(-1);
  if (last === undefined || BigInt(last[0]) === after + BigInt(rows.length)) return;
  const index = rows.findIndex(([position], i) => BigInt(position) !== after + BigInt(i + 1));
  throw new EventLogDamaged(after + BigInt(index + 1));
}
