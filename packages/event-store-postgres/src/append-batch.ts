import type { Append, AppendResult, Head, NewEvent } from "@taem/event-store";
import { byteaArray, int4Array, type Queryable, textArray, uuidArray } from "@taem/postgres";
import { eventDigest } from "./event-digest.ts";
import { toPosition } from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";

const STATEMENT = {
  name: `${SCHEMA}_append`,
  text: `SELECT * FROM ${SCHEMA}.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
};

type ResultRow = readonly [head: number, position: bigint | null, recordedAt: bigint | null];

/** An append encoded once, so that sending it again sends the same bytes. */
export interface AppendBatch {
  readonly appends: readonly Append[];
  readonly parameters: readonly Buffer[];
}

export function encodeBatch(appends: readonly Append[]): AppendBatch {
  const streams = appends.map(({ stream }) => stream);
  if (new Set(streams).size < streams.length) throw new TypeError("a stream appears twice in one append");
  const owners: number[] = [];
  const ordinals: number[] = [];
  const events: NewEvent[] = [];
  const digests: string[] = [];
  for (const [index, append] of appends.entries()) {
    for (const [i, event] of append.events.entries()) {
      owners.push(index + 1);
      ordinals.push(i + 1);
      events.push(event);
      digests.push(eventDigest(append.stream, append.expectedRevision + i + 1, event));
    }
  }
  const { readings, heads } = readingsOf(appends);
  const parameters = [
    textArray(streams),
    int4Array(appends.map(({ slice }) => slice)),
    int4Array(appends.map(({ expectedRevision }) => expectedRevision)),
    int4Array(appends.map((append) => append.events.length)),
    int4Array(owners),
    int4Array(ordinals),
    uuidArray(events.map(({ id }) => id)),
    textArray(events.map(({ type }) => type)),
    textArray(events.map(({ data }) => data)),
    textArray(events.map(({ meta }) => meta)),
    byteaArray(digests),
    int4Array(readings),
    textArray(heads.map(({ stream }) => stream)),
    int4Array(heads.map(({ revision }) => revision)),
  ];
  return { appends, parameters };
}

/** The different heads that appends stand on, and of each append which of them, from 1; 0 = none. */
function readingsOf(appends: readonly Append[]): { readonly readings: number[]; readonly heads: Head[] } {
  const heads: Head[] = [];
  const readings = appends.map(({ reads }) => {
    if (reads === undefined) return 0;
    const known = heads.findIndex(
      ({ stream, revision }) => stream === reads.stream && revision === reads.revision,
    );
    return known === -1 ? heads.push(reads) : known + 1;
  });
  return { readings, heads };
}

export async function sendBatch(database: Queryable, batch: AppendBatch): Promise<AppendResult[]> {
  const rows = await database.queryArrays<ResultRow>(STATEMENT, batch.parameters);
  return batch.appends.map((append, index) => toResult(append, rows[index] as ResultRow));
}

function toResult(append: Append, [head, position, recordedAt]: ResultRow): AppendResult {
  if (recordedAt === null) return { ok: false, conflict: { actualRevision: head } };
  return {
    ok: true,
    revision: append.expectedRevision + append.events.length,
    position: position === null ? undefined : toPosition(position),
  };
}
