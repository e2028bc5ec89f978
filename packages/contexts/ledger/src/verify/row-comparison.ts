import type { Queryable } from "@taem/postgres";
import { SCHEMA } from "../read-model/schema.ts";
import type { Row } from "../read-model/tables.ts";
import { tables } from "../read-model/tables.ts";
import { cursorRows } from "./cursor.ts";
import { type Check, Discrepant } from "./discrepancy.ts";

/** How the rows of a table are compared and named. */
export interface ComparedTable {
  readonly check: Check;
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns that rows come ordered by; no two have the same values in all of them. */
  readonly order: readonly string[];
  /** Names a row for an operator. */
  readonly place: (of: (column: string) => unknown) => string;
}

function compared(
  check: Check,
  name: string,
  order: ComparedTable["order"],
  place: ComparedTable["place"],
): ComparedTable {
  const columns = Object.keys(tables.find((table) => table.name === name)?.columns ?? {});
  return { check, name, columns, order, place };
}

const ACCOUNT = ["member", "currency"];
const account: ComparedTable["place"] = (of) => `account ${of("member")} ${of("currency")}`;

export const balances = compared("balance", "balances", ACCOUNT, account);
export const lots = compared("lot", "lots", [...ACCOUNT, "no"], (of) => `${account(of)} lot ${of("no")}`);
export const holds = compared("hold", "holds", [...ACCOUNT, "no"], (of) => `${account(of)} hold ${of("no")}`);
export const adjustments = compared(
  "adjustment",
  "adjustments",
  [...ACCOUNT, "no"],
  (of) => `${account(of)} adjustment ${of("no")}`,
);
export const statementLines = compared(
  "statement",
  "statement_lines",
  ["position"],
  (of) => `${account(of)} event ${of("revision")} at ${of("position")}`,
);
export const postings = compared(
  "posting",
  "postings",
  ["position", "no"],
  (of) => `posting ${of("no")} at ${of("position")}`,
);
export const controlTotals = compared(
  "control_total",
  "control_totals",
  ["programme", "currency", "accounting_date", "debit", "credit", "slice"],
  (of) =>
    `${of("programme")} ${of("currency")} ${of("accounting_date")} ${of("debit")} to ${of("credit")} slice ${of("slice")}`,
);

export const clientActivity = compared(
  "activity",
  "client_activity",
  ["programme", "system", "principal", "currency", "date", "slice"],
  (of) =>
    `${of("programme")} ${of("system")} ${of("principal")} ${of("currency")} ${of("date")} slice ${of("slice")}`,
);

/** Of a value that the events do not say at this cut. */
export const UNTOLD = Symbol("untold");

type Found = readonly (string | null)[];

/**
 * Throws `Discrepant` on the first row of some slices that is not as expected, in the table's order, which is that of
 * `expected` too.
 */
export async function compareRows(
  sql: Queryable,
  table: ComparedTable,
  slices: readonly number[],
  expected: AsyncIterable<Row> | Iterable<Row>,
): Promise<void> {
  const { name, columns, order } = table;
  const found = cursorRows<Found>(
    sql,
    `SELECT ${columns.map((column) => `${column}::text`).join(", ")} FROM ${SCHEMA}.${name} t
      WHERE slice = ANY ($1::int[]) ORDER BY ${order.map((column) => `t.${column}`).join(", ")}`,
    [slices],
  );
  let next = await found.next();
  for await (const row of expected) {
    const distance = next.done ? -1 : orderOf(table, row, next.value);
    if (distance > 0) throw unexpected(table, next.value as Found);
    if (distance < 0) throw rowDiscrepancy(table, row, "", "a row", "no row");
    compareValues(table, row, next.value as Found);
    next = await found.next();
  }
  if (!next.done) throw unexpected(table, next.value);
}

/** Rows in the order of the table. */
export function inOrder(table: ComparedTable, rows: Row[]): Row[] {
  return rows.sort((a, b) => orderOf(table, a, b));
}

function orderOf({ columns, order }: ComparedTable, expected: Row, other: Row): number {
  for (const column of order) {
    const i = columns.indexOf(column);
    const one = expected[i] as string | number;
    const two = typeof one === "number" ? Number(other[i]) : (other[i] as string);
    if (one !== two) return one < two ? -1 : 1;
  }
  return 0;
}

function compareValues(table: ComparedTable, expected: Row, found: Found): void {
  for (const [i, column] of table.columns.entries()) {
    const value = expected[i] ?? null;
    if (value === UNTOLD) continue;
    const text = value === null ? null : String(value);
    const actual = found[i] ?? null;
    if (text !== actual) throw rowDiscrepancy(table, expected, `: ${column}`, String(text), String(actual));
  }
}

function unexpected(table: ComparedTable, row: Found): Discrepant {
  return rowDiscrepancy(table, row, "", "no row", "a row");
}

function rowDiscrepancy(
  { check, columns, place }: ComparedTable,
  row: Row,
  what: string,
  expected: string,
  actual: string,
): Discrepant {
  const where = place((column) => row[columns.indexOf(column)]) + what;
  return new Discrepant({ check, where, expected, actual });
}
