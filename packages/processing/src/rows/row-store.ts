import type { Queryable, Writes } from "@taem/postgres";
import type { Table } from "../projection.ts";
import { named } from "../statement.ts";
import type { AnyRow } from "./row-type.ts";

/** Where the rows of tables are read, slices included: those that there are of these keys. */
export type RowReader = (table: Table, keys: readonly AnyRow[]) => Promise<readonly AnyRow[]>;

/** Where they are kept: rows that are new or have changed, and keys of those that are gone. */
export type RowWriter = (table: Table, rows: readonly AnyRow[], gone: readonly AnyRow[]) => void;

/** Rows of the tables of a schema: one statement for all of a kind. */
export function readerOf(sql: Queryable, schema: string): RowReader {
  return async (table, keys) => {
    const name = `${schema}.${table.name}`;
    const { rows } = await sql.query<AnyRow>(
      named(
        `${name} load`,
        `SELECT t.* FROM json_populate_recordset(NULL::${name}, $1::json) k JOIN ${name} t USING (${table.key.join(", ")})`,
      ),
      [json(keys)],
    );
    return rows;
  };
}

export function writerOf(writes: Writes, schema: string): RowWriter {
  return (table, rows, gone) => {
    if (rows.length > 0) put(writes, schema, table, rows);
    if (gone.length > 0) remove(writes, schema, table, gone);
  };
}

/** Adds rows to a table of a schema, and replaces those that are there. */
function put(writes: Writes, schema: string, table: Table, rows: readonly AnyRow[]): void {
  const name = `${schema}.${table.name}`;
  const columns = Object.keys(table.columns);
  const changes = columns.filter((column) => !table.key.includes(column));
  const set = changes.map((column) => `${column} = excluded.${column}`).join(", ");
  writes.run(
    named(
      `${name} put`,
      `INSERT INTO ${name} (${columns.join(", ")})
       SELECT ${columns.join(", ")} FROM json_populate_recordset(NULL::${name}, $1::json)
       ON CONFLICT (${table.key.join(", ")}) DO ${changes.length === 0 ? "NOTHING" : `UPDATE SET ${set}`}`,
    ),
    [json(rows)],
  );
}

/** Takes the rows of these keys out of a table of a schema. */
export function remove(writes: Writes, schema: string, table: Table, keys: readonly AnyRow[]): void {
  const name = `${schema}.${table.name}`;
  const same = table.key.map((column) => `t.${column} = k.${column}`).join(" AND ");
  writes.run(
    named(
      `${name} remove`,
      `DELETE FROM ${name} t USING json_populate_recordset(NULL::${name}, $1::json) k WHERE ${same}`,
    ),
    [json(keys)],
  );
}

/** The column's type reads a value back from its text, so a bigint loses nothing. */
function json(rows: readonly AnyRow[]): string {
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
