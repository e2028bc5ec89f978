import type { ReadRequest, RecordedEvent, StreamSlice } from "@taem/event-store";
import { int4Array, type Queryable, textArray } from "@taem/postgres";
import { EVENT_COLUMNS, type EventRow, toEvent } from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";

const MANY = {
  name: `${SCHEMA}_read`,
  text: `SELECT ${EVENT_COLUMNS}, r.ord::int
           FROM unnest($1::text[], $2::int[], $3::int[]) WITH ORDINALITY AS r (name, after, last, ord)
           JOIN ${SCHEMA}.streams t ON t.name = r.name
          CROSS JOIN LATERAL (
            SELECT * FROM ${SCHEMA}.events e
             WHERE e.stream_id = t.id AND e.revision > r.after AND e.revision <= r.last ORDER BY e.revision
          ) e
          ORDER BY r.ord, e.revision`,
};

const ONE = {
  name: `${SCHEMA}_read_page`,
  text: `SELECT ${EVENT_COLUMNS} FROM ${SCHEMA}.events e
          WHERE e.stream_id = (SELECT t.id FROM ${SCHEMA}.streams t WHERE t.name = $1) AND e.revision > $2
          ORDER BY e.revision LIMIT $3`,
};

type OwnedRow = readonly [...EventRow, ord: number];

const MAX_REVISION = 2 ** 31 - 1;

/** Reads many streams in one round trip. */
export async function readStreams(
  database: Queryable,
  requests: readonly ReadRequest[],
): Promise<StreamSlice[]> {
  const events: RecordedEvent[][] = requests.map(() => []);
  if (requests.length === 0) return [];
  const rows = await database.queryArrays<OwnedRow>(MANY, [
    textArray(requests.map(({ stream }) => stream)),
    int4Array(requests.map(({ afterRevision }) => afterRevision)),
    int4Array(requests.map(lastRevision)),
  ]);
  for (const row of rows) events[row[9] - 1]?.push(toEvent(row as unknown as EventRow));
  return events.map((slice) => ({ events: slice }));
}

/** Revisions have no gaps, so a limit of events is a limit of revision. */
function lastRevision({ afterRevision, limit = MAX_REVISION }: ReadRequest): number {
  return Math.min(afterRevision + limit, MAX_REVISION);
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
    if (rows.length > 0) yield rows.map((row) => toEvent(row));
    if (rows.length < pageSize) return;
    revision = (rows.at(-1) as EventRow)[2];
  }
}
