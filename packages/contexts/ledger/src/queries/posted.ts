import type { LocalDate } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import { SCHEMA } from "../read-model/schema.ts";
import type { DatedEntry } from "./account-at-cut.ts";
import type { ReportCut } from "./report-cut.ts";

/** Postings from one ledger account's credit to another's debit, added up. */
export interface PostedPair {
  readonly currency: string;
  /** Of a span: OPENING, or the month or day; empty where none is asked for. */
  readonly period: string;
  readonly debit: string;
  readonly credit: string;
  amount: bigint;
  /** How many they are. */
  postings: number;
}

/** One ledger account: sums of its debits and credits, both positive, and how many postings they are. */
export interface LedgerAccount {
  readonly currency: string;
  readonly account: string;
  readonly debit: bigint;
  readonly credit: bigint;
  readonly postings: number;
}

/** What was posted before a span begins. */
export const OPENING = "opening";

/** A span of accounting days, in parts by the first digits of a date: 0 = one part, 7 = months, 10 = days. */
export interface Span {
  readonly from: LocalDate;
  readonly digits: 0 | 7 | 10;
}

function periodOf(span: Span | undefined, date: LocalDate): string {
  if (span === undefined) return "";
  return date < span.from ? OPENING : date.slice(0, span.digits);
}

type Row = [
  currency: string,
  period: string,
  debit: string,
  credit: string,
  amount: string,
  postings: string,
];

/** By accounting date, up to the position: the control totals less what has been posted since. */
const BY_DATE = {
  name: `${SCHEMA}_posted_by_date`,
  text: `
    SELECT currency, CASE WHEN $5::date IS NULL THEN '' WHEN accounting_date < $5 THEN '${OPENING}'
                          ELSE left(accounting_date::text, $6::int) END AS period,
           debit, credit, sum(amount), sum(postings)::text
      FROM (SELECT currency, accounting_date, debit, credit, amount, postings
              FROM ${SCHEMA}.control_totals
             WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND ($4::date IS NULL OR accounting_date <= $4)
            UNION ALL
            SELECT currency, accounting_date, debit, credit, -amount, -1
              FROM ${SCHEMA}.postings
             WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND position > $3
               AND ($4::date IS NULL OR accounting_date <= $4)) posted
     GROUP BY currency, period, debit, credit HAVING sum(postings) <> 0`,
};

/** By instant there are no totals: the programme's own postings. */
const BY_INSTANT = {
  name: `${SCHEMA}_posted_by_instant`,
  text: `
    SELECT currency, '', debit, credit, sum(amount), count(*)::text
      FROM ${SCHEMA}.postings
     WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND position <= $3 AND effective_at <= $4
     GROUP BY currency, debit, credit`,
};

/** What the journal's rows say of a cut. */
export async function postedPairs(
  sql: Queryable,
  { programme, position, asOf, through }: ReportCut,
  currency: string | undefined,
  span?: Span,
): Promise<PostedPair[]> {
  const rows =
    asOf === undefined
      ? await sql.queryArrays<Row>(BY_DATE, [
          programme.id,
          currency,
          position,
          through,
          span?.from,
          span?.digits,
        ])
      : await sql.queryArrays<Row>(BY_INSTANT, [programme.id, currency, position, asOf]);
  return rows.map(([code, period, debit, credit, amount, postings]) => ({
    currency: code,
    period,
    debit,
    credit,
    amount: BigInt(amount),
    postings: Number(postings),
  }));
}

/** Adds what the rows lack. */
export function addEntries(
  pairs: PostedPair[],
  currency: string,
  entries: readonly DatedEntry[],
  span?: Span,
): void {
  for (const { debit, credit, amount, date } of entries) {
    const period = periodOf(span, date);
    const pair = pairs.find(
      (one) =>
        one.currency === currency && one.period === period && one.debit === debit && one.credit === credit,
    );
    if (pair === undefined) pairs.push({ currency, period, debit, credit, amount, postings: 1 });
    else {
      pair.amount += amount;
      pair.postings++;
    }
  }
}

/** Both sides of the pairs, by ledger account in the order of their names. */
export function ledgerAccounts(pairs: readonly PostedPair[]): LedgerAccount[] {
  const accounts = new Map<
    string,
    { currency: string; account: string; debit: bigint; credit: bigint; postings: number }
  >();
  const of = (currency: string, account: string) => {
    const key = `${currency} ${account}`;
    const known = accounts.get(key) ?? { currency, account, debit: 0n, credit: 0n, postings: 0 };
    accounts.set(key, known);
    return known;
  };
  for (const { currency, debit, credit, amount, postings } of pairs) {
    const debited = of(currency, debit);
    debited.debit += amount;
    debited.postings += postings;
    const credited = of(currency, credit);
    credited.credit += amount;
    credited.postings += postings;
  }
  return [...accounts.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
}
