import type { Queryable } from "@taem/postgres";

/** One ledger account: sums of its debits and credits, both positive, and how many postings they are. */
export interface LedgerAccount {
  readonly currency: string;
  readonly account: string;
  readonly debit: bigint;
  readonly credit: bigint;
  readonly postings: number;
}

export interface TrialBalanceFilter {
  readonly programme: string;
  readonly currency: string | undefined;
  readonly asOf: number | undefined;
  /** Position by which it was known. */
  readonly knownBy: string | undefined;
}

type Row = [currency: string, account: string, debit: string, credit: string, postings: string];

const CURRENT = {
  name: "taem_ledger_trial_balance",
  text: `
    SELECT currency, account, sum(debit), sum(credit), sum(postings)::text
      FROM taem_ledger.control_totals
     WHERE programme = $1 AND ($2::text IS NULL OR currency = $2)
     GROUP BY currency, account ORDER BY currency, account`,
};

const PAST = {
  name: "taem_ledger_trial_balance_past",
  text: `
    WITH pairs AS (
      SELECT currency, debit, credit, sum(amount) AS amount, count(*) AS postings
        FROM taem_ledger.postings
       WHERE programme = $1 AND ($2::text IS NULL OR currency = $2)
         AND ($3::bigint IS NULL OR effective_at <= $3) AND ($4::text IS NULL OR position <= $4)
       GROUP BY currency, debit, credit
    )
    SELECT currency, account, sum(debited), sum(credited), sum(postings)::text
      FROM (SELECT currency, debit AS account, amount AS debited, 0 AS credited, postings FROM pairs
            UNION ALL
            SELECT currency, credit, 0, amount, postings FROM pairs) posted
     GROUP BY currency, account ORDER BY currency, account`,
};

/** Every ledger account of a programme. Of the past, by the postings that count then. */
export async function trialBalance(sql: Queryable, filter: TrialBalanceFilter): Promise<LedgerAccount[]> {
  const { programme, currency = null, asOf = null, knownBy = null } = filter;
  const isPast = asOf !== null || knownBy !== null;
  const rows = isPast
    ? await sql.queryArrays<Row>(PAST, [programme, currency, asOf, knownBy])
    : await sql.queryArrays<Row>(CURRENT, [programme, currency]);
  return rows.map(([code, account, debit, credit, postings]) => ({
    currency: code,
    account,
    debit: BigInt(debit),
    credit: BigInt(credit),
    postings: Number(postings),
  }));
}
