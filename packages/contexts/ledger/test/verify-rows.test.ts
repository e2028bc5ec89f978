import type { Database } from "@taem/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLedgerProjection } from "../src/read-model/ledger-projection.ts";
import type { Discrepancy } from "../src/verify/discrepancy.ts";
import { verifyLedger } from "../src/verify/verify.ts";
import { Installation } from "./support/installation.ts";

/** Texts that could be taken for others where rows are written in a line. */
const AWKWARD = [
  "",
  "null",
  "a,b",
  "(a)",
  'say "a"',
  "back\\slash",
  " ",
  "tab\tand\nline",
  "ภาษาไทย",
  "NBSP\u00a0",
];

const { tables } = createLedgerProjection({ store: { read: async () => [] } });

/** How verify calls the rows of a table, and what the row of the events must be found by: all else is a column of it. */
const CHECKS: Record<string, { check: Discrepancy["check"]; identity: readonly string[] }> = {
  postings: { check: "posting", identity: ["position", "no"] },
  statement_lines: { check: "statement", identity: ["position"] },
  balances: { check: "balance", identity: ["member", "currency"] },
  lots: { check: "lot", identity: ["member", "currency", "no"] },
  holds: { check: "hold", identity: ["member", "currency", "no"] },
  adjustments: { check: "adjustment", identity: ["member", "currency", "no"] },
  client_activity: {
    check: "activity",
    identity: ["programme", "system", "principal", "currency", "date", "slice"],
  },
  control_totals: {
    check: "control_total",
    identity: ["programme", "currency", "accounting_date", "debit", "credit", "slice"],
  },
};

const NOBODY = "'ffffffff-ffff-4fff-bfff-ffffffffffff'";

/** A change of a column that puts the row after all others, by the column's type. */
const CHANGES: Record<string, (column: string) => string> = {
  smallint: (column) => `${column} + 1`,
  int: (column) => `${column} + 1`,
  bigint: (column) => `coalesce(${column}, 0) + 1`,
  numeric: (column) => `${column} + 1`,
  text: (column) => `coalesce(${column}, '') || 'x'`,
  uuid: () => NOBODY,
  date: (column) => `${column} + 1`,
  jsonb: (column) => `${column} || '[[1, "1", "2026-01"]]'`,
};

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(3);
  await installation.populate(12, 300, 100);
  const { simulation } = installation;
  const [account] = simulation.accounts;
  if (account === undefined) throw new Error("no account");
  for (const text of AWKWARD) {
    const key = { system: text, id: `awkward ${text}`, leg: text };
    simulation.act(account, { type: "earn", by: { points: 5n }, reason: text, key });
  }
  await simulation.settle();
  await installation.project();
  await sql("CREATE SCHEMA saved");
  for (const { name } of tables) await sql(`CREATE TABLE saved.${name} AS TABLE taem_ledger.${name}`);
}, 60_000);
afterEach(async () => {
  for (const { name } of tables) {
    await sql(`DELETE FROM taem_ledger.${name}; INSERT INTO taem_ledger.${name} TABLE saved.${name}`);
  }
});
afterAll(() => installation[Symbol.asyncDispose]());

const sql = (text: string) => installation.database.query(text);
const verify = () => installation.verify();

/** SQL for the last row of a table in the order of its identity, of those that are wanted. */
function last(table: string, wanted = "true"): string {
  const order = (CHECKS[table]?.identity ?? []).map((column) => `${column} DESC`);
  return `ctid = (SELECT ctid FROM taem_ledger.${table} WHERE ${wanted} ORDER BY ${order.join(", ")} LIMIT 1)`;
}

/** The row's identity, each part of which names it. */
async function identityOf(table: string, condition: string): Promise<string[]> {
  const columns = (CHECKS[table]?.identity ?? []).map((column) => `${column}::text`);
  const [row] = await installation.database.queryArrays<string[]>(
    `SELECT ${columns.join(", ")} FROM taem_ledger.${table} WHERE ${condition}`,
  );
  if (row === undefined) throw new Error(`no such row in ${table}`);
  return row;
}

function mustName(
  found: unknown,
  table: string,
  identity: readonly string[],
  rest: Partial<Discrepancy>,
): void {
  expect(found).toMatchObject({ ok: false, discrepancy: { check: CHECKS[table]?.check, ...rest } });
  const { where } = (found as { discrepancy: Discrepancy }).discrepancy;
  for (const part of identity) expect(where).toContain(part);
}

/** The database, and how often rows are read from it. */
function counting({ transaction, ...database }: Database): { database: Database; reads: () => number } {
  let reads = 0;
  const counted: Database = {
    ...database,
    transaction: (work, options) =>
      transaction((inner) => {
        const queryArrays: typeof inner.queryArrays = (statement, values) => {
          if (String(statement).startsWith("FETCH")) reads++;
          return inner.queryArrays(statement, values);
        };
        return work({ ...inner, queryArrays });
      }, options),
  };
  return { database: counted, reads: () => reads };
}

test("a sound ledger is told by sums, whatever its texts: no row leaves the database", async () => {
  const { database, reads } = counting(installation.database);
  expect(await verifyLedger({ ...installation, database })).toMatchObject({ ok: true });
  expect(reads()).toBe(0);
});

const COLUMNS = tables.flatMap(({ name, columns }) =>
  Object.entries(columns).map(([column, type]) => [name, column, type.split(" ")[0] as string] as const),
);

describe("every column counts", () => {
  test.each(COLUMNS)("%s.%s", async (table, column, type) => {
    const condition = last(table);
    const identity = await identityOf(table, condition);
    await sql(`UPDATE taem_ledger.${table} SET ${column} = ${CHANGES[type]?.(column)} WHERE ${condition}`);
    const isIdentity = CHECKS[table]?.identity.includes(column) ?? false;
    const named = isIdentity
      ? { expected: "a row", actual: "no row" }
      : { where: expect.stringMatching(`: ${column}$`) };
    const found = await verify();
    mustName(found, table, identity, named);
    const inPasses = await verifyLedger({ ...installation, eventsInMemory: 60 });
    // In a pass over other slices, a row that says it is of one of them is one too many.
    if (column === "slice") mustName(inPasses, table, identity, {});
    else expect(inPasses).toEqual(found);
  });

  test.each([
    ["lots", "expires_at", "NULL", "expires_at IS NOT NULL"],
    ["holds", "ended_at", "NULL", "ended_at IS NOT NULL"],
    ["holds", "captured", "captured + 1", "status = 'open'"],
    ["adjustments", "closed_by", "NULL", "closed_by IS NOT NULL"],
    ["adjustments", "closed_by", "requested_by", "status = 'lapsed'"],
    ["holds", "takes", `jsonb_set(takes, '{0,0}', to_jsonb((takes #>> '{0,0}')::numeric + 1e-20))`, "true"],
    ["statement_lines", "system", "''", "system IS NULL"],
    ["statement_lines", "external_id", "'null'", "external_id IS NULL"],
    ["statement_lines", "leg", "NULL", "leg = ''"],
    ["statement_lines", "system", "NULL", "system = 'null'"],
    ["statement_lines", "amount", "amount * 1.0", "true"],
    ["postings", "effective_at", "effective_at + 3456000000", "true"],
  ])("%s.%s = %s where %s", async (table, column, value, wanted) => {
    const condition = last(table, wanted);
    const identity = await identityOf(table, condition);
    await sql(`UPDATE taem_ledger.${table} SET ${column} = ${value} WHERE ${condition}`);
    mustName(await verify(), table, identity, { where: expect.stringMatching(`: ${column}$`) });
  });

  test("of two that change places, and of a text that moves to the next column", async () => {
    const condition = last("statement_lines", "system IS NOT NULL AND effective_at <> recorded_at");
    const identity = await identityOf("statement_lines", condition);
    const change = (set: string) => sql(`UPDATE taem_ledger.statement_lines SET ${set} WHERE ${condition}`);
    await change("effective_at = recorded_at, recorded_at = effective_at");
    const swapped = { where: expect.stringMatching(/: effective_at$/) };
    mustName(await verify(), "statement_lines", identity, swapped);
    await change("effective_at = recorded_at, recorded_at = effective_at");
    await change("system = system || ',' || external_id, external_id = leg, leg = NULL");
    mustName(await verify(), "statement_lines", identity, { where: expect.stringMatching(/: system$/) });
  });

  test("of every line: the first that differs is named, with its account and revision", async () => {
    const [line] = await installation.database.queryArrays<[string, string, number, string]>(
      "SELECT member, currency, revision, external_id FROM taem_ledger.statement_lines WHERE external_id IS NOT NULL ORDER BY position LIMIT 1",
    );
    const [member, currency, revision, id] = line ?? [];
    await sql(
      "UPDATE taem_ledger.statement_lines SET external_id = 'FORGED', reason = 'gift' WHERE external_id IS NOT NULL",
    );
    const where = expect.stringMatching(`^account ${member} ${currency} event ${revision} at \\d+: reason$`);
    expect(await verify()).toMatchObject({ discrepancy: { check: "statement", where } });
    await sql(
      "UPDATE taem_ledger.statement_lines l SET reason = s.reason FROM saved.statement_lines s WHERE l.position = s.position",
    );
    expect(await verify()).toMatchObject({
      discrepancy: { where: expect.stringMatching(/: external_id$/), expected: id, actual: "FORGED" },
    });
  });
});

describe("every row counts", () => {
  const NAMES = tables.map(({ name }) => name);

  test.each(NAMES)("one deleted from %s", async (table) => {
    const condition = last(table);
    const identity = await identityOf(table, condition);
    await sql(`DELETE FROM taem_ledger.${table} WHERE ${condition}`);
    mustName(await verify(), table, identity, { expected: "a row", actual: "no row" });
  });

  /** Beside a row, one more like it but for these columns. */
  const insert = (table: string, values: Record<string, string>) => {
    const columns = Object.keys(tables.find(({ name }) => name === table)?.columns ?? {});
    const selected = columns.map((column) => values[column] ?? column);
    return sql(
      `INSERT INTO taem_ledger.${table} SELECT ${selected.join(", ")} FROM taem_ledger.${table} WHERE ${last(table)}`,
    );
  };

  test.each([
    ["postings", { no: "no + 1" }],
    ["statement_lines", { position: "position || '0'", revision: "revision + 1" }],
    ["statement_lines", { revision: "revision + 1" }],
    ["balances", { currency: "'ZZZ'" }],
    ["lots", { no: "no + 1" }],
    ["holds", { no: "no + 1" }],
    ["adjustments", { no: "no + 1" }],
    ["client_activity", { principal: "'unheard of'" }],
    ["control_totals", { debit: "'unheard of'", amount: "0", postings: "0" }],
  ] as [string, Record<string, string>][])("one inserted into %s: %j", async (table, values) => {
    await insert(table, values);
    expect(await verify()).toMatchObject({
      discrepancy: { check: CHECKS[table]?.check, expected: "no row", actual: "a row" },
    });
  });

  test.each(NAMES)("one inserted into %s that belongs to no slice there is", async (table) => {
    const other = { slice: "-1", no: "no + 1", currency: "'ZZZ'" };
    await insert(table, other);
    const found = await verify();
    expect(found).toMatchObject({ discrepancy: { check: CHECKS[table]?.check, actual: "a row" } });
    expect(await verifyLedger({ ...installation, eventsInMemory: 60 })).toEqual(found);
  });
});
