import { SLICES } from "@taem/kernel";
import type { Database, Queryable } from "@taem/postgres";
import { type Projection, schemaOf, type Table } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";

const LANDMARK = "the event at a position up to there, of whatever slice, by which the log is known again";

/**
 * A projection's tables live in a schema of their own, with its checkpoints and what it has parked, so that another
 * build of them can take the schema's place as a whole. Read models are never migrated: they are rebuilt.
 */
const OWN_TABLES = `
  CREATE TABLE {schema}.definition (version int NOT NULL);
  CREATE TABLE {schema}.checkpoints (
    slice    smallint PRIMARY KEY,
    position text COLLATE "C" NOT NULL,
    landmark jsonb,
    events   bigint NOT NULL,
    parked   int NOT NULL
  ) WITH (fillfactor = 20);
  COMMENT ON COLUMN {schema}.checkpoints.position IS 'everything of the slice up to here is in the tables';
  COMMENT ON COLUMN {schema}.checkpoints.landmark IS '${LANDMARK}';
  COMMENT ON COLUMN {schema}.checkpoints.events IS 'events of the slice up to there, of the categories that it reads';
  COMMENT ON COLUMN {schema}.checkpoints.parked IS 'streams of the slice in the table parked: writers compare it too';
  CREATE TABLE {schema}.parked (
    slice    smallint NOT NULL,
    key      text COLLATE "C" NOT NULL,
    position text COLLATE "C" NOT NULL,
    revision int NOT NULL,
    error    text NOT NULL,
    PRIMARY KEY (slice, key)
  );
  COMMENT ON TABLE {schema}.parked IS 'streams whose events from this one on are not in the tables';`;

/** Creates the schema and its tables, without the indexes of append-only ones, which are loaded faster without. */
export async function createTables(
  transaction: Queryable,
  projection: Projection,
  schema: string,
): Promise<void> {
  const tables = projection.tables.map((table) => createTable(table, schema));
  await transaction.query(
    `CREATE SCHEMA ${schema};
     ${OWN_TABLES.replaceAll("{schema}", schema)}
     INSERT INTO ${schema}.definition VALUES (${projection.version});
     INSERT INTO ${schema}.checkpoints SELECT slice, '', NULL, 0, 0 FROM generate_series(0, ${SLICES - 1}) AS slice;
     ${tables.join("\n")}`,
  );
  await createIndexes(transaction, projection, schema, (table) => !table.appendOnly);
}

export async function createLateIndexes(
  transaction: Queryable,
  projection: Projection,
  schema: string,
): Promise<void> {
  await createIndexes(transaction, projection, schema, (table) => table.appendOnly);
}

async function createIndexes(
  transaction: Queryable,
  { tables }: Projection,
  schema: string,
  chosen: (table: Table) => boolean,
): Promise<void> {
  await transaction.query("SET LOCAL maintenance_work_mem = '256MB'");
  for (const table of tables.filter(chosen)) {
    for (const index of [keyIndex(table), ...table.indexes]) {
      await transaction.query(index.replaceAll("{table}", `${schema}.${table.name}`));
    }
  }
}

/** What identifies a row when builds are compared identifies one row. */
function keyIndex({ key }: Table): string {
  return `ALTER TABLE {table} ADD PRIMARY KEY (${key.join(", ")})`;
}

function createTable({ name, columns, storage }: Table, schema: string): string {
  const defined = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  const parameters = storage === undefined ? "" : ` WITH (${storage})`;
  return `CREATE TABLE ${schema}.${name} (${defined.join(", ")})${parameters};`;
}

/**
 * Creates the tables of a projection where they are missing; any number of processes may call it at once. Throws
 * `projection_outdated` when those in use were built by another version, and PostgreSQL's error when one of them is lost.
 */
export async function ensureSchema(database: Database, projection: Projection): Promise<void> {
  const schema = schemaOf(projection);
  await database.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [schema]);
    const version = await versionOf(transaction, schema);
    if (version === undefined) {
      await createTables(transaction, projection, schema);
      await createLateIndexes(transaction, projection, schema);
    } else {
      assertVersion(projection, version);
      await addLandmarks(transaction, schema);
      await assertTables(
        transaction,
        projection.tables.map(({ name }) => `${schema}.${name}`),
      );
    }
  });
}

/** What is lost is found before anything stands on it: as PostgreSQL's error, which names the first table that is not there. */
export async function assertTables(sql: Queryable, tables: readonly string[]): Promise<void> {
  await sql.query(`SELECT ${tables.map((table) => `'${table}'::regclass`).join(", ")}`);
}

/** Checkpoints that an earlier program made have none. They stay where they are: it may be running still. */
async function addLandmarks(transaction: Queryable, schema: string): Promise<void> {
  const { rowCount } = await transaction.query(
    "SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'landmark' AND NOT attisdropped",
    [`${schema}.checkpoints`],
  );
  if (rowCount > 0) return;
  await transaction.query(
    `ALTER TABLE ${schema}.checkpoints ADD COLUMN landmark jsonb;
     COMMENT ON COLUMN ${schema}.checkpoints.landmark IS '${LANDMARK}'`,
  );
}

/** Throws `projection_outdated` where a projection's tables are of another version than the program's. */
export function assertVersion(projection: Projection, version: number | undefined): void {
  if (version !== projection.version) throw outdated([{ projection, version }]);
}

/** Throws `projection_outdated` for all whose tables are of another version; those that have none yet get theirs. */
export async function assertVersions(sql: Queryable, projections: readonly Projection[]): Promise<void> {
  const found = await Promise.all(
    projections.map(async (projection) => ({
      projection,
      version: await versionOf(sql, schemaOf(projection)),
    })),
  );
  const others = found.filter(
    ({ projection, version }) => version !== undefined && version !== projection.version,
  );
  if (others.length > 0) throw outdated(others);
}

interface Found {
  readonly projection: Projection;
  readonly version: number | undefined;
}

function outdated(found: readonly Found[]): ProjectionError {
  const tables = found.map(
    ({ projection: { name, version: own }, version }) =>
      `the tables of ${name} were built by version ${version} of its definition, this program has version ${own}`,
  );
  const commands = found.map(({ projection: { name } }) => `\`taem rebuild ${name} --expect-changes\``);
  return new ProjectionError(
    "projection_outdated",
    `${tables.join("; ")}: if that is the newer one, run ${commands.join(" and ")} with it; if not, upgrade this process`,
  );
}

/** Version of the tables in a schema, undefined if there is no such schema. */
export async function versionOf(sql: Queryable, schema: string): Promise<number | undefined> {
  const { rows } = await sql.query<{ found: boolean }>("SELECT to_regnamespace($1) IS NOT NULL AS found", [
    schema,
  ]);
  if (rows[0]?.found !== true) return undefined;
  const { rows: versions } = await sql.query<{ version: number }>(`SELECT version FROM ${schema}.definition`);
  return versions[0]?.version;
}
