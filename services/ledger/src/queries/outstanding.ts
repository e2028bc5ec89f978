import { sliceOf } from "@taem/contracts";
import { type AccountState, type Currency, type Programme, zoneAt } from "@taem/domain";
import type { Queryable } from "@taem/postgres";
import { type AccountRef, identityOf } from "./account-ref.ts";
import { isToldByEvents, readAccounts } from "./account-rows.ts";
import { OutstandingTally } from "./outstanding-tally.ts";

export interface LargeAccount {
  readonly member: string;
  readonly book: bigint;
  readonly debt: bigint;
}

export interface Outstanding {
  readonly tally: OutstandingTally;
  readonly largest: readonly LargeAccount[];
}

/** What the read model says. The tally is whole with the accounts that only their events tell, up to a revision. */
export interface Told extends Outstanding {
  readonly untold: readonly { readonly account: AccountRef; readonly revision: number }[];
}

/** Accounts to which time has done more than end lots: an open hold is over, or debt meets points. */
const SPECIAL = `
  SELECT h.member FROM taem_ledger.holds h JOIN taem_ledger.balances b USING (member, currency)
   WHERE h.status = 'open' AND h.timeout_at <= $3 AND b.programme = $1 AND b.currency = $2
   UNION
  SELECT b.member FROM taem_ledger.balances b
   WHERE b.debt > 0 AND b.book > 0 AND b.programme = $1 AND b.currency = $2`;

type LotsRow = [dies: bigint | null, isPending: boolean, remaining: string, held: string];

/** What is owed at an instant by the read model as it is; run it in one snapshot. */
export async function outstanding(
  sql: Queryable,
  programme: Programme,
  currency: Currency,
  at: number,
  largest: number,
): Promise<Told> {
  const tally = new OutstandingTally(zoneAt(programme, at), at);
  const named = [programme.id, currency.code, at];
  const lots = await sql.queryArrays<LotsRow>(
    `WITH special AS MATERIALIZED (${SPECIAL})
     SELECT least(l.expires_at, b.deadline), l.available_from > $3, sum(l.remaining), sum(l.held)
       FROM taem_ledger.balances b JOIN taem_ledger.lots l USING (member, currency)
      WHERE b.programme = $1 AND b.currency = $2 AND l.remaining > 0
        AND b.member NOT IN (SELECT member FROM special)
      GROUP BY 1, 2`,
    named,
  );
  for (const [dies, isPending, remaining, held] of lots) {
    tally.addLots(dies === null ? undefined : Number(dies), isPending, BigInt(remaining), BigInt(held));
  }
  const untold = await addSpecial(sql, programme, currency, tally, named);
  await addOthers(sql, tally, named);
  tally.accounts -= untold.length;
  return { tally, largest: await largestAccounts(sql, programme, currency, largest), untold };
}

/** Apart from the rows, so that nobody waits for a connection while holding one. */
export async function addUntold(
  { tally, untold }: Told,
  read: (account: AccountRef, revision: number) => Promise<AccountState>,
): Promise<void> {
  for (const { account, revision } of untold) {
    const { programme, currency, member } = account;
    tally.addAccount(await read(account, revision), identityOf(programme, currency.code, member));
  }
}

const CHUNK = 500;

async function addSpecial(
  sql: Queryable,
  programme: Programme,
  currency: Currency,
  tally: OutstandingTally,
  named: readonly unknown[],
): Promise<Told["untold"]> {
  const untold: Told["untold"][number][] = [];
  const members = await sql.queryArrays<[string]>(SPECIAL, named);
  for (let i = 0; i < members.length; i += CHUNK) {
    const chunk = members.slice(i, i + CHUNK).map(([member]) => ({ member, currency: currency.code }));
    for (const row of await readAccounts(sql, chunk)) {
      const { member, state } = row;
      const account = { programme, currency, member, slice: sliceOf(programme.id, member) };
      if (isToldByEvents(row, tally.at)) untold.push({ account, revision: state.revision });
      else tally.addAccount(state, identityOf(programme, currency.code, member));
    }
  }
  return untold;
}

/** The debt of accounts without points, and how many accounts there are. */
async function addOthers(
  sql: Queryable,
  tally: OutstandingTally,
  [programme, currency]: readonly unknown[],
): Promise<void> {
  const [row] = await sql.queryArrays<[string | null, bigint]>(
    `SELECT sum(debt) FILTER (WHERE book = 0), count(*) FROM taem_ledger.balances WHERE programme = $1 AND currency = $2`,
    [programme, currency],
  );
  tally.debt += BigInt(row?.[0] ?? 0);
  tally.accounts = Number(row?.[1] ?? 0n);
}

async function largestAccounts(
  sql: Queryable,
  programme: Programme,
  currency: Currency,
  limit: number,
): Promise<LargeAccount[]> {
  const rows = await sql.queryArrays<[string, string, string]>(
    `SELECT member, book, debt FROM taem_ledger.balances
      WHERE programme = $1 AND currency = $2 AND book > 0 ORDER BY book DESC, member LIMIT $3`,
    [programme.id, currency.code, limit],
  );
  return rows.map(([member, book, debt]) => ({ member, book: BigInt(book), debt: BigInt(debt) }));
}
