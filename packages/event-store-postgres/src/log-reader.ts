import type { LogFilter, LogPage, Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import {
  assertDense,
  EventLogDamaged,
  type EventRow,
  fromPosition,
  LOG_COLUMNS,
  toEvent,
  toPosition,
} from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";
import type { StreamNames } from "./stream-names.ts";

const PAGE = {
  name: `${SCHEMA}_page`,
  text: `SELECT ${LOG_COLUMNS} FROM ${SCHEMA}.events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`,
};

const WINDOW = {
  name: `${SCHEMA}_window`,
  text: `SELECT ${LOG_COLUMNS} FROM ${SCHEMA}.events e
          WHERE e.position > $1 AND e.position <= $2 AND e.slice = ANY ($4)
          ORDER BY e.position LIMIT $3`,
};

const HEAD = {
  name: `${SCHEMA}_head`,
  text: `SELECT e.position FROM ${SCHEMA}.events e ORDER BY e.position DESC LIMIT 1`,
};

/** Positions a filtered read looks at in one statement: bounds its time however rare the slices are. */
const WINDOW_LENGTH = 10_000n;

/** A page, and how far the log has been looked through: beyond the last event where a filter left the rest out. */
export interface ScannedPage extends LogPage {
  readonly scanned: Position;
}

export async function readHead(database: Queryable): Promise<bigint> {
  const [row] = await database.queryArrays<[bigint]>(HEAD);
  return row?.[0] ?? 0n;
}

export async function readPage(
  database: Queryable,
  streams: StreamNames,
  after: Position,
  limit: number,
  { slices }: LogFilter,
): Promise<ScannedPage> {
  const start = fromPosition(after);
  const { rows, scanned } =
    slices === undefined
      ? await readAll(database, start, limit)
      : await readSlices(database, start, limit, slices);
  const names = await streams.of(database, rows);
  const events = rows.map((row) => toEvent(row, names.get(row[1]) ?? streamLost(row)));
  return {
    events,
    next: events.at(-1)?.position ?? after,
    scanned: toPosition(scanned),
  };
}

function streamLost([position]: EventRow): never {
  throw new EventLogDamaged(position, "stream of the event");
}

interface Scan {
  readonly rows: EventRow[];
  readonly scanned: bigint;
}

async function readAll(database: Queryable, start: bigint, limit: number): Promise<Scan> {
  const rows = await database.queryArrays<EventRow>(PAGE, [start, limit]);
  assertDense(start, rows);
  return { rows, scanned: start + BigInt(rows.length) };
}

/** Everything up to a head that was read before is committed, so what a window leaves out is not of these slices. */
async function readSlices(
  database: Queryable,
  start: bigint,
  limit: number,
  slices: readonly number[],
): Promise<Scan> {
  const head = await readHead(database);
  const rows: EventRow[] = [];
  let scanned = start;
  while (rows.length < limit && scanned < head) {
    const end = scanned + WINDOW_LENGTH < head ? scanned + WINDOW_LENGTH : head;
    const missing = limit - rows.length;
    const found = await database.queryArrays<EventRow>(WINDOW, [scanned, end, missing, slices]);
    rows.push(...found);
    scanned = found.length < missing ? end : BigInt((found.at(-1) as EventRow)[0]);
  }
  return { rows, scanned };
}
