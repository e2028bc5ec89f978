import type { Queryable } from "@taem/postgres";
import type { DatedEntry } from "./account-at-cut.ts";
import type { ReportCut } from "./report-cut.ts";

/** Postings from one ledger account's credit to another's debit, added up. */
export interface PostedPair {
  readonly currency: string;
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

type Row = [currency: string, debit: string, credit: string, amount: string, postings: string];

/** By accounting date, up to the position: the control totals less what has been posted since. */
const BY_DATE = {
  name: "taem_ledger_posted_by_date",
  text: `
    SELECT currency, debit, credit, sum(amount), sum(postings)::text
      FROM (SELECT currency, debit, credit, amount, postings
              FROM taem_ledger.control_totals
             WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND ($4::date IS NULL OR accounting_date <= $4)
            UNION ALL
            SELECT currency, debit, credit, -amount, -1
              FROM taem_ledger.postings
             WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND position > $3
               AND ($4::date IS NULL OR accounting_date <= $4)) posted
     GROUP BY currency, debit, credit HAVING sum(postings) <> 0`,
};

/** By instant there are no totals: the programme's own postings. */
const BY_INSTANT = {
  name: "taem_ledger_posted_by_instant",
  text: `
    SELECT currency, debit, credit, sum(amount), count(*)::text
      FROM taem_ledger.postings
     WHERE programme = $1 AND ($2::text IS NULL OR currency = $2) AND position <= $3 AND effective_at <= $4
     GROUP BY currency, debit, credit`,
};

/** What the journal's rows say of a cut. */
export async function postedPairs(
  sql: Queryable,
  { programme, position, asOf, through }: ReportCut,
  currency: string | undefined,
): Promise<PostedPair[]> {
  const rows =
    asOf === undefined
      ? await sql.queryArrays<Row>(BY_DATE, [programme.id, currency, position, through])
      : await sql.queryArrays<Row>(BY_INSTANT, [programme.id, currency, position, asOf]);
  return rows.map(([code, debit, credit, amount, postings]) => ({
    currency: code,
    debit,
    credit,
    amount: BigInt(amount),
    postings: Number(postings),
  }));
}

/** Adds what the rows lack. */
export function addEntries(pairs: PostedPair[], currency: string, entries: readonly DatedEntry[]): void {
  for (const { debit, credit, amount } of entries) {
    const pair = pairs.find(
      (one) => one.currency === currency && one.debit === debit && one.credit === credit,
    );
    if (pair === undefined) pairs.push({ currency, debit, credit, amount, postings: 1 });
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
