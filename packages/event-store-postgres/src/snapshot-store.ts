import type { SealedSnapshot, SnapshotStore } from "@taem/event-store";
import { bytesArray, type Database, int4Array, type Migration, migrate, textArray } from "@taem/postgres";

const SCHEMA = "taem_snapshots";

/** Component `snapshots`. */
const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "snapshots",
    sql: `
      CREATE SCHEMA ${SCHEMA};
      CREATE TABLE ${SCHEMA}.snapshots (
        stream   text COLLATE "C" PRIMARY KEY,
        revision int NOT NULL,
        schema   text NOT NULL,
        state    bytea NOT NULL,
        seal     bytea NOT NULL
      );
      COMMENT ON TABLE ${SCHEMA}.snapshots IS 'a cache of folds: nothing is lost with it but time';
      -- Mostly hashes, which do not compress.
      ALTER TABLE ${SCHEMA}.snapshots ALTER COLUMN state SET STORAGE EXTERNAL;`,
  },
];

const COLUMNS = "s.stream, s.revision, s.schema, s.state, s.seal";

const LOAD = {
  name: `${SCHEMA}_load`,
  text: `SELECT ${COLUMNS}
           FROM unnest($1::text[]) WITH ORDINALITY AS r (stream, ord)
           LEFT JOIN ${SCHEMA}.snapshots s ON s.stream = r.stream AND s.schema = $2
          ORDER BY r.ord`,
};

/** In the order of the streams, so that two writers never wait for each other in a circle. */
const SAVE = {
  name: `${SCHEMA}_save`,
  text: `INSERT INTO ${SCHEMA}.snapshots AS s (stream, revision, schema, state, seal)
         SELECT DISTINCT ON (n.stream) n.stream, n.revision, n.schema, n.state, n.seal
           FROM unnest($1::text[], $2::int[], $3::text[], $4::bytea[], $5::bytea[])
             AS n (stream, revision, schema, state, seal)
          ORDER BY n.stream, n.revision DESC
         ON CONFLICT (stream) DO UPDATE
            SET revision = excluded.revision, schema = excluded.schema, state = excluded.state, seal = excluded.seal
          WHERE s.schema <> excluded.schema OR s.revision < excluded.revision`,
};

const DISCARD = {
  name: `${SCHEMA}_discard`,
  text: `DELETE FROM ${SCHEMA}.snapshots s
          USING unnest($1::text[], $2::int[], $3::bytea[]) AS n (stream, revision, seal)
          WHERE s.stream = n.stream AND s.revision = n.revision AND s.seal = n.seal`,
};

const PAGE = {
  name: `${SCHEMA}_page`,
  text: `SELECT ${COLUMNS} FROM ${SCHEMA}.snapshots s WHERE s.stream > $1 ORDER BY s.stream LIMIT $2`,
};

type Row = readonly [stream: string, revision: number, schema: string, state: Buffer, seal: Buffer];

/** Makes the table of snapshots where it is missing. Throws what `migrate` throws. */
export async function migrateSnapshots(database: Database): Promise<void> {
  await migrate(database, "snapshots", migrations);
}

/** Snapshots in a schema of their own, made when missing, whatever store holds the log. */
export async function openPostgresSnapshots(database: Database): Promise<SnapshotStore> {
  await migrateSnapshots(database);
  return {
    async load(streams, schema) {
      const rows = await database.queryArrays<Row | readonly [null]>(LOAD, [textArray(streams), schema]);
      return rows.map((row) => (row[0] === null ? undefined : snapshotOf(row as Row)));
    },
    async save(snapshots) {
      await database.query(SAVE, [
        textArray(snapshots.map(({ stream }) => stream)),
        int4Array(snapshots.map(({ revision }) => revision)),
        textArray(snapshots.map(({ schema }) => schema)),
        bytesArray(snapshots.map(({ state }) => state)),
        bytesArray(snapshots.map(({ seal }) => seal)),
      ]);
    },
    async discard(snapshots) {
      await database.query(DISCARD, [
        textArray(snapshots.map(({ stream }) => stream)),
        int4Array(snapshots.map(({ revision }) => revision)),
        bytesArray(snapshots.map(({ seal }) => seal)),
      ]);
    },
    async page(after, limit) {
      return (await database.queryArrays<Row>(PAGE, [after, limit])).map(snapshotOf);
    },
  };
}

function snapshotOf([stream, revision, schema, state, seal]: Row): SealedSnapshot {
  return { stream, revision, schema, state, seal };
}
