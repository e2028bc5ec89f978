import {
  assertFollowing,
  damagedSlice,
  eventMissing,
  type ReadRequest,
  type RecordedEvent,
  type StreamSlice,
  sliceOf,
} from "@taem/event-store";
import { int4Array, type Queryable, textArray } from "@taem/postgres";
import { EVENT_COLUMNS, type EventRow, toEvent } from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";

/** A stream without an event after the revision has a row all the same, whose event is missing. */
const MANY = {
  name: `${SCHEMA}_read`,
  text: `SELECT ${EVENT_COLUMNS}, r.ord::int
           FROM unnest($1::text[], $2::int[], $3::int[]) WITH ORDINALITY AS r (name, after, count, ord)
           JOIN ${SCHEMA}.streams t ON t.name = r.name
           LEFT JOIN LATERAL (
            SELECT * FROM ${SCHEMA}.events e
             WHERE e.stream_id = t.id AND e.revision > r.after ORDER BY e.revision LIMIT r.count
          ) e ON true
          ORDER BY r.ord, e.revision`,
};

const ONE = {
  name: `${SCHEMA}_read_page`,
  text: `SELECT ${EVENT_COLUMNS} FROM ${SCHEMA}.events e
          WHERE e.stream_id = (SELECT t.id FROM ${SCHEMA}.streams t WHERE t.name = $1) AND e.revision > $2
          ORDER BY e.revision LIMIT $3`,
};

const IS_THERE = `SELECT FROM ${SCHEMA}.streams WHERE name = $1`;

type OwnedRow = readonly [...EventRow, ord: number];

const ALL = 2 ** 31 - 1;

/** Reads many streams in one round trip. */
export async function readStreams(
  database: Queryable,
  requests: readonly ReadRequest[],
): Promise<StreamSlice[]> {
  if (requests.length === 0) return [];
  const events: RecordedEvent[][] = requests.map(() => []);
  const rows = await database.queryArrays<OwnedRow | readonly [null]>(MANY, [
    textArray(requests.map(({ stream }) => stream)),
    int4Array(requests.map(({ afterRevision }) => afterRevision)),
    int4Array(requests.map(({ limit = ALL }) => limit)),
  ]);
  const emptied = new Set<number>();
  for (const row of rows) {
    const index = (row[9] as number) - 1;
    if (row[0] === null) emptied.add(index);
    else events[index]?.push(toEvent(row as unknown as EventRow));
  }
  return requests.map((request, i) => {
    // A stream is there since its first event is.
    const isEmptied = emptied.has(i) && request.afterRevision === 0 && request.limit !== 0;
    return isEmptied ? damagedSlice(eventMissing(request.stream, 1)) : sliceOf(request, events[i] ?? []);
  });
}

export async function* readStreamPages(
  database: Queryable,
  stream: string,
  afterRevision: number,
  pageSize: number,
): AsyncGenerator<RecordedEvent[]> {
  let revision = afterRevision;
  for (;;) {
    const rows = await database.queryArrays<EventRow>(ONE, [stream, revision, pageSize]);
    const page = rows.map((row) => toEvent(row));
    assertFollowing(stream, revision, page);
    if (revision === 0 && page.length === 0 && (await database.query(IS_THERE, [stream])).rowCount > 0)
      throw eventMissing(stream, 1);
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    revision += page.length;
  }
}
