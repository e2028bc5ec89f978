import type { Snapshot } from "@taem/event-store";
import { int4Array, type Queryable, textArray } from "@taem/postgres";
import { SCHEMA } from "./schema.ts";

const LOAD = {
  name: `${SCHEMA}_load_snapshots`,
  text: `SELECT s.stream, s.revision, s.schema, s.state
           FROM unnest($1::text[]) WITH ORDINALITY AS r (stream, ord)
           LEFT JOIN ${SCHEMA}.snapshots s ON s.stream = r.stream AND s.schema = $2
          ORDER BY r.ord`,
};

/** In the order of the streams, so that two writers never wait for each other in a circle. */
const SAVE = {
  name: `${SCHEMA}_save_snapshots`,
  text: `INSERT INTO ${SCHEMA}.snapshots AS s (stream, revision, schema, state)
         SELECT DISTINCT ON (n.stream) n.stream, n.revision, n.schema, n.state
           FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS n (stream, revision, schema, state)
          ORDER BY n.stream, n.revision DESC
         ON CONFLICT (stream) DO UPDATE
            SET revision = excluded.revision, schema = excluded.schema, state = excluded.state
          WHERE s.schema <> excluded.schema OR s.revision < excluded.revision`,
};

type SnapshotRow = readonly [stream: string, revision: number, schema: string, state: string];

export async function loadSnapshots(
  database: Queryable,
  streams: readonly string[],
  schema: string,
): Promise<(Snapshot | undefined)[]> {
  const rows = await database.queryArrays<SnapshotRow | [null]>(LOAD, [textArray(streams), schema]);
  return rows.map((row) => {
    const [stream, revision, stored, state] = row as SnapshotRow;
    return stream === null ? undefined : { stream, revision, schema: stored, state };
  });
}

export async function saveSnapshots(database: Queryable, snapshots: readonly Snapshot[]): Promise<void> {
  await database.query(SAVE, [
    textArray(snapshots.map(({ stream }) => stream)),
    int4Array(snapshots.map(({ revision }) => revision)),
    textArray(snapshots.map(({ schema }) => schema)),
    textArray(snapshots.map(({ state }) => state)),
  ]);
}
