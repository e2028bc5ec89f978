import type { Queryable } from "@taem/postgres";
import type { ControlTotals } from "../read-model/control-total.ts";
import { cursorRows } from "./cursor.ts";
import { type Check, Discrepant, mustEqual } from "./discrepancy.ts";

/**
 * Holds what the read model adds up against each other: statements against the balances, postings against the control
 * totals. Those were held against the events, so these follow from the events too; the database does the adding, and
 * only a difference leaves it.
 */
export async function checkSums(sql: Queryable, totals: ControlTotals): Promise<void> {
  await checkLines(sql);
  await checkStatements(sql);
  await checkControlTotals(sql, totals);
  await checkPostings(sql);
}

type LineRow = [member: string, currency: string, line: bigint, revision: number, sum: string, book: string];

/** Lines without gaps, each book balance the sum of the deltas up to it. */
async function checkLines(sql: Queryable): Promise<void> {
  const [found] = await sql.queryArrays<LineRow>(
    `SELECT * FROM (
       SELECT member, currency, row_number() OVER account AS line, revision, sum(delta) OVER account AS sum, book
         FROM taem_ledger.statement_lines
       WINDOW account AS (PARTITION BY member, currency ORDER BY revision ROWS UNBOUNDED PRECEDING)
     ) lines WHERE line <> revision OR sum <> book ORDER BY member, currency, line LIMIT 1`,
  );
  if (found === undefined) return;
  const [member, currency, line, revision, sum, book] = found;
  const where = `account ${member} ${currency}: line ${line}`;
  mustEqual("statement", () => where, line, revision);
  mustEqual("statement", () => `${where}: book`, sum, book);
}

type StatementRow = [
  member: string,
  currency: string,
  revision: number | null,
  lines: bigint | null,
  book: string,
  deltas: string,
  debt: string,
  debts: string,
];

async function checkStatements(sql: Queryable): Promise<void> {
  const [found] = await sql.queryArrays<StatementRow>(
    `SELECT member, currency, b.revision, l.lines, b.book, l.deltas, b.debt, l.debts
       FROM taem_ledger.balances b
       FULL JOIN (
         SELECT slice, member, currency, count(*) AS lines, sum(delta) AS deltas, sum(debt) AS debts
           FROM taem_ledger.statement_lines GROUP BY slice, member, currency
       ) l USING (slice, member, currency)
      WHERE (b.revision, b.book, b.debt) IS DISTINCT FROM (l.lines, l.deltas, l.debts)
      ORDER BY member, currency LIMIT 1`,
  );
  if (found === undefined) return;
  const [member, currency, revision, lines, book, deltas, debt, debts] = found;
  const where = (what: string) => () => `account ${member} ${currency}: ${what}`;
  mustEqual("statement", where("number of lines"), revision ?? 0, lines ?? 0);
  mustEqual("statement", where("sum of the deltas"), book, deltas);
  mustEqual("statement", where("sum of the debts"), debt, debts);
}

type TotalKey = [slice: number, programme: string, currency: string, date: string, account: string];
type Total = [debit: string, credit: string, postings: bigint];

function totalKey([slice, programme, currency, date, account]: TotalKey): string {
  return `${programme} ${currency} ${date} ${account} slice ${slice}`;
}

async function checkControlTotals(sql: Queryable, totals: ControlTotals): Promise<void> {
  const rest = new Map(
    Array.from(totals.all(), (total) => {
      const { slice, programme, currency, date, account } = total;
      return [totalKey([slice, programme, currency, date, account]), total];
    }),
  );
  const rows = cursorRows<[...TotalKey, ...Total]>(
    sql,
    `SELECT slice, programme, currency, accounting_date, account, debit, credit, postings
       FROM taem_ledger.control_totals ORDER BY programme, currency, accounting_date, account, slice`,
    [],
  );
  for await (const [slice, programme, currency, date, account, ...actual] of rows) {
    const key = totalKey([slice, programme, currency, date, account]);
    const { debit = 0n, credit = 0n, postings = 0 } = rest.get(key) ?? {};
    rest.delete(key);
    mustBeTotal("control_total", key, [String(debit), String(credit), BigInt(postings)], actual);
  }
  for (const key of rest.keys()) throw totalMissing("control_total", key);
}

const POSTED = `
  WITH pairs AS (
    SELECT slice, programme, currency, accounting_date, debit, credit, sum(amount) AS amount, count(*) AS postings
      FROM taem_ledger.postings GROUP BY slice, programme, currency, accounting_date, debit, credit
  ), posted AS (
    SELECT slice, programme, currency, accounting_date, account, sum(debited) AS debit, sum(credited) AS credit,
           sum(postings)::bigint AS postings
      FROM (SELECT slice, programme, currency, accounting_date, debit AS account, amount AS debited, 0 AS credited,
                   postings FROM pairs
            UNION ALL
            SELECT slice, programme, currency, accounting_date, credit, 0, amount, postings FROM pairs) sides
     GROUP BY slice, programme, currency, accounting_date, account
  )
  SELECT slice, programme, currency, accounting_date, account, t.debit, t.credit, t.postings,
         p.debit, p.credit, p.postings
    FROM taem_ledger.control_totals t FULL JOIN posted p USING (slice, programme, currency, accounting_date, account)
   WHERE (t.debit, t.credit, t.postings) IS DISTINCT FROM (p.debit, p.credit, p.postings)
   ORDER BY programme, currency, accounting_date, account, slice LIMIT 1`;

type PostedRow = [...TotalKey, debit: string | null, credit: string, postings: bigint, ...posted: unknown[]];

async function checkPostings(sql: Queryable): Promise<void> {
  const [found] = await sql.queryArrays<PostedRow>(POSTED);
  if (found === undefined) return;
  const [slice, programme, currency, date, account, debit, credit, postings, ...posted] = found;
  const key = totalKey([slice, programme, currency, date, account]);
  if (posted[0] === null) throw totalMissing("posting_total", key);
  const expected: Total = debit === null ? ["0", "0", 0n] : [debit, credit, postings];
  mustBeTotal("posting_total", key, expected, posted as Total);
}

function mustBeTotal(check: Check, key: string, expected: Total, actual: Total): void {
  mustEqual(check, () => `${key}: debit`, expected[0], actual[0]);
  mustEqual(check, () => `${key}: credit`, expected[1], actual[1]);
  mustEqual(check, () => `${key}: postings`, expected[2], actual[2]);
}

function totalMissing(check: Check, where: string): Discrepant {
  return new Discrepant({ check, where, expected: "a row", actual: "no row" });
}
