import { type Position, type RecordedEvent, START } from "@taem/event-store";

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

/** An event as selected by `EVENT_COLUMNS` from `taem_store.events e`, in array mode. */
export type EventRow = readonly [
  position: string,
  stream: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  meta: string,
  slice: number,
  recordedAt: number,
];

/**
 * The stream's name by a look-up for each row: a join could be planned as a scan of all streams. The numbers of 64 bits
 * in forms that are cheap to turn into what is wanted.
 */
export const EVENT_COLUMNS = `e.position::text, (SELECT s.name FROM taem_store.streams s WHERE s.id = e.stream_id),
  e.revision, e.event_id, e.type, e.data, e.meta, e.slice, e.recorded_at::float8`;

export function toEvent(row: EventRow): RecordedEvent {
  const [position, stream, revision, id, type, data, meta, slice, recordedAt] = row;
  return {
    id,
    type,
    data,
    meta,
    stream,
    revision,
    position: padded(position),
    slice,
    recordedAt,
  };
}

/** The log has a hole: an event was deleted by other means than this store. Never read past. */
export class EventLogDamaged extends Error {
  readonly code = "event_log_damaged";
  constructor(missing: bigint) {
    super(`the event log has no event at position ${missing}: restore the database from a backup`);
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
