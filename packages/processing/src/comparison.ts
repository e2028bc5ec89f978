import { randomInt } from "node:crypto";
import type { Queryable } from "@taem/postgres";
import type { Projection, Table } from "./projection.ts";

/** The first row that two builds of the tables disagree on. */
export interface Difference {
  readonly table: string;
  readonly slice: number;
  /** Values of the row's key columns. */
  readonly key: Readonly<Record<string, string | null>>;
  /** What differs; undefined where one side has no such row. */
  readonly column: string | undefined;
  /** The value, or whether the row is there. */
  readonly live: string | null;
  readonly rebuilt: string | null;
}

/** How many rows of a table differ. */
export interface TableChanges {
  readonly table: string;
  readonly removed: number;
  readonly added: number;
  readonly changed: number;
  readonly first: Difference;
}

type ComparedTable = Pick<Table, "name" | "key">;

/** What every projection has besides its own tables. */
const ownTables: readonly ComparedTable[] = [
  { name: "checkpoints", key: ["slice"] },
  { name: "parked", key: ["slice", "key"] },
];

export interface Schemas {
  readonly live: string;
  readonly rebuilt: string;
}

/** Compares two builds, slice by slice by checksum, then the first slice that differs row by row. */
export async function findDifference(
  sql: Queryable,
  projection: Projection,
  schemas: Schemas,
  onTable: (done: number, total: number) => void,
): Promise<Difference | undefined> {
  const compared = [...projection.tables, ...ownTables];
  for (const [done, table] of compared.entries()) {
    onTable(done, compared.length);
    const [slice] = await differingSlices(sql, table, schemas);
    if (slice !== undefined) return await firstDifference(sql, table, slice, schemas);
  }
  onTable(compared.length, compared.length);
  return undefined;
}

/** What taking over would change, table by table; empty when nothing. */
export async function findChanges(
  sql: Queryable,
  projection: Projection,
  schemas: Schemas,
): Promise<TableChanges[]> {
  const changes: TableChanges[] = [];
  for (const table of [...projection.tables, ...ownTables]) {
    const [slice] = await differingSlices(sql, table, schemas);
    if (slice === undefined) continue;
    const first = await firstDifference(sql, table, slice, schemas);
    changes.push({ table: table.name, ...(await countChanges(sql, table, schemas)), first });
  }
  return changes;
}

/** The two builds of one table. Versions of a projection may have other columns, or no such table. */
interface Builds {
  /** What stands in a FROM clause, with their columns. */
  readonly live: string;
  readonly liveColumns: readonly Column[];
  readonly rebuilt: string;
  readonly rebuiltColumns: readonly Column[];
}

/** A table that the live version has not is as good as an empty one. */
async function buildsOf(sql: Queryable, name: string, schemas: Schemas): Promise<Builds> {
  const rebuilt = `${schemas.rebuilt}.${name}`;
  const rebuiltColumns = await columnsOf(sql, rebuilt);
  const liveColumns = await columnsOf(sql, `${schemas.live}.${name}`);
  if (liveColumns.length === 0) {
    const live = `(SELECT * FROM ${rebuilt} WHERE false)`;
    return { live, liveColumns: rebuiltColumns, rebuilt, rebuiltColumns };
  }
  return { live: `${schemas.live}.${name}`, liveColumns, rebuilt, rebuiltColumns };
}

/** Compares sums of row hashes: they do not depend on the order of the rows, and take one look at each table. */
async function differingSlices(sql: Queryable, { name }: ComparedTable, schemas: Schemas): Promise<number[]> {
  const { live, liveColumns, rebuilt, rebuiltColumns } = await buildsOf(sql, name, schemas);
  // Nobody knows it beforehand, so no row can be made to fit.
  const salt = randomInt(SALTS);
  const checksums = (table: string, columns: readonly Column[]) =>
    `SELECT slice, count(*) AS rows, sum(${rowHash(columns, salt)}) AS hash FROM ${table} t GROUP BY slice`;
  const rows = await sql.queryArrays<[number]>(
    `SELECT slice FROM (${checksums(live, liveColumns)}) l FULL JOIN (${checksums(rebuilt, rebuiltColumns)}) r USING (slice)
      WHERE (l.rows, l.hash) IS DISTINCT FROM (r.rows, r.hash) ORDER BY slice`,
  );
  return rows.map(([slice]) => slice);
}

const HASHES: Readonly<Record<string, (column: string, seed: number) => string>> = {
  smallint: (column, seed) => `hashint2extended(${column}, ${seed})`,
  integer: (column, seed) => `hashint4extended(${column}, ${seed})`,
  bigint: (column, seed) => `hashint8extended(${column}, ${seed})`,
  text: (column, seed) => `hashtextextended(${column}, ${seed})`,
  uuid: (column, seed) => `uuid_hash_extended(${column}, ${seed})`,
  numeric: (column, seed) => `hash_numeric_extended(${column}, ${seed})`,
  date: (column, seed) => `hashint4extended(${column} - DATE '2000-01-01', ${seed})`,
};

/** Seeds begin somewhere up to here. */
const SALTS = 2 ** 47;

/** A hash of every column, each seeded by the salt and its place: a third of the cost of `hash_record_extended`. */
function rowHash(columns: readonly Column[], salt: number): string {
  const hashes = columns.map(({ name, type }, i) => {
    const hash =
      HASHES[type] ?? ((column: string, seed: number) => `hashtextextended(${column}::text, ${seed})`);
    const seed = salt + i + 1;
    return `coalesce(${hash(name, seed)}, ${seed})`;
  });
  return hashes.join(" # ");
}

interface Pair {
  readonly live: Record<string, string | null> | null;
  readonly rebuilt: Record<string, string | null> | null;
}

async function firstDifference(
  sql: Queryable,
  { name, key }: ComparedTable,
  slice: number,
  schemas: Schemas,
): Promise<Difference> {
  const builds = await buildsOf(sql, name, schemas);
  const named = (columns: readonly Column[]) => columns.map((column) => column.name).join(", ");
  const { rows } = await sql.query<Pair>(
    `SELECT ${asTexts("l")} AS live, ${asTexts("r")} AS rebuilt
       FROM (SELECT ${named(builds.liveColumns)} FROM ${builds.live} t WHERE slice = $1) l
       FULL JOIN (SELECT ${named(builds.rebuiltColumns)} FROM ${builds.rebuilt} t WHERE slice = $1) r USING (${key.join(", ")})
      WHERE to_jsonb(l) IS DISTINCT FROM to_jsonb(r) ORDER BY ${key.join(", ")} LIMIT 1`,
    [slice],
  );
  const [pair] = rows;
  if (pair === undefined) return rowCounts(sql, name, slice, builds);
  return differenceOf(name, slice, key, [...builds.liveColumns, ...builds.rebuiltColumns], pair);
}

/** Every column as text, exactly as the database prints it. */
function asTexts(row: string): string {
  return `(SELECT json_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row})))`;
}

function differenceOf(
  table: string,
  slice: number,
  keyColumns: readonly string[],
  columns: readonly Column[],
  { live, rebuilt }: Pair,
): Difference {
  const known = live ?? rebuilt ?? {};
  const key = Object.fromEntries(keyColumns.map((column) => [column, known[column] ?? null]));
  if (live === null || rebuilt === null) {
    const present = (row: unknown) => (row === null ? null : "present");
    return { table, slice, key, column: undefined, live: present(live), rebuilt: present(rebuilt) };
  }
  const column = columns.find(({ name }) => live[name] !== rebuilt[name])?.name;
  const value = (row: Record<string, string | null>) => (column === undefined ? null : (row[column] ?? null));
  return { table, slice, key, column, live: value(live), rebuilt: value(rebuilt) };
}

/** Rows whose keys repeat join to equal pairs: only their numbers differ. */
async function rowCounts(
  sql: Queryable,
  table: string,
  slice: number,
  { live, rebuilt }: Builds,
): Promise<Difference> {
  const count = async (build: string) => {
    const [row] = await sql.queryArrays<[bigint]>(`SELECT count(*) FROM ${build} t WHERE slice = $1`, [
      slice,
    ]);
    return String(row?.[0]);
  };
  return {
    table,
    slice,
    key: {},
    column: "number of rows",
    live: await count(live),
    rebuilt: await count(rebuilt),
  };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Of the checkpoints: which event a log is known by depends on who brought it, and says nothing of the rows. */
const NOT_COMPARED = "landmark";

/** None where there is no such table. */
async function columnsOf(sql: Queryable, table: string): Promise<Column[]> {
  const { rows } = await sql.query<Column>(
    `SELECT attname::text AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attname <> $2 ORDER BY attnum`,
    [table, NOT_COMPARED],
  );
  return rows;
}

async function countChanges(
  sql: Queryable,
  { name, key }: ComparedTable,
  schemas: Schemas,
): Promise<{ removed: number; added: number; changed: number }> {
  const [first] = key;
  const { live, rebuilt } = await buildsOf(sql, name, schemas);
  const rows = await sql.queryArrays<[bigint, bigint, bigint]>(
    `SELECT count(*) FILTER (WHERE r.${first} IS NULL), count(*) FILTER (WHERE l.${first} IS NULL),
            count(*) FILTER (WHERE l.${first} IS NOT NULL AND r.${first} IS NOT NULL)
       FROM ${live} l FULL JOIN ${rebuilt} r USING (${key.join(", ")})
      WHERE to_jsonb(l) - '${NOT_COMPARED}' IS DISTINCT FROM to_jsonb(r) - '${NOT_COMPARED}'`,
  );
  const [removed = 0n, added = 0n, changed = 0n] = rows[0] ?? [];
  return { removed: Number(removed), added: Number(added), changed: Number(changed) };
}

/** One line for an operator: which row, and what each build says. */
export function describeDifference({ table, slice, key, column, live, rebuilt }: Difference): string {
  const row = Object.entries(key).map(([name, value]) => `${name}=${value}`);
  const where = [table, ...(row.length === 0 ? [] : [`(${row.join(", ")})`]), `slice ${slice}`].join(" ");
  if (column !== undefined) return `${where}: ${column} is ${live} in the live table, ${rebuilt} rebuilt`;
  return live === null
    ? `${where}: the row is missing from the live table`
    : `${where}: the live table has a row that the events do not make`;
}
