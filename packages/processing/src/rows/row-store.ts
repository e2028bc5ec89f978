import type { Queryable } from "@taem/postgres";
import type { Table } from "../projection.ts";
import { named } from "../statement.ts";
import type { AnyRow } from "./row-type.ts";

/** Where the rows of tables are, slices included. */
export interface RowStore {
  /** Those that there are of these keys. */
  load(table: Table, keys: readonly AnyRow[]): Promise<readonly AnyRow[]>;
  /** Rows that are new or have changed, and keys of those that are gone. */
  save(table: Table, rows: readonly AnyRow[], gone: readonly AnyRow[]): Promise<void>;
}

/** The tables of a schema, within a transaction: one statement for all rows of a kind. */
export function tableRows(transaction: Queryable, schema: string): RowStore {
  return {
    async load(table, keys) {
      const name = `${schema}.${table.name}`;
      const { rows } = await transaction.query<AnyRow>(
        named(
          `${name} load`,
          `SELECT t.* FROM json_populate_recordset(NULL::${name}, $1::json) k JOIN ${name} t USING (${table.key.join(", ")})`,
        ),
        [json(keys)],
      );
      return rows;
    },
    async save(table, rows, gone) {
      if (rows.length > 0) await put(transaction, schema, table, rows);
      if (gone.length > 0) await remove(transaction, schema, table, gone);
    },
  };
}

/** Adds rows to a table of a schema, and replaces those that are there. */
export async function put(
  transaction: Queryable,
  schema: string,
  table: Table,
  rows: readonly AnyRow[],
): Promise<void> {
  const name = `${schema}.${table.name}`;
  const columns = Object.keys(table.columns);
  const changes = columns.filter((column) => !table.key.includes(column));
  const set = changes.map((column) => `${column} = excluded.${column}`).join(", ");
  await transaction.query(
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
export async function remove(
  transaction: Queryable,
  schema: string,
  table: Table,
  keys: readonly AnyRow[],
): Promise<void> {
  const name = `${schema}.${table.name}`;
  const same = table.key.map((column) => `t.${column} = k.${column}`).join(" AND ");
  await transaction.query(
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
