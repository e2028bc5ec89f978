import type { Hold, Lot } from "@taem/domain";
import type { Queryable } from "@taem/postgres";
import { cursorRows } from "./cursor.ts";
import { Discrepant, mustEqual } from "./discrepancy.ts";
import { accountKey, type Replay, type ReplayedAccount } from "./replay.ts";

/** Holds the read model's rows of some slices against a replay of the same slices, up to the same checkpoints. */
export async function checkTables(sql: Queryable, replay: Replay, slices: readonly number[]): Promise<void> {
  await checkBalances(sql, replay, slices);
  await checkLots(sql, replay, slices);
  await checkHolds(sql, replay, slices);
}

type Instant = bigint | null;
type BalanceRow = [
  member: string,
  currency: string,
  slice: number,
  programme: string,
  revision: number,
  position: string,
  book: string,
  held: string,
  debt: string,
  debtEffectiveAt: bigint,
  waived: string,
  deadline: Instant,
];

async function checkBalances(sql: Queryable, replay: Replay, slices: readonly number[]): Promise<void> {
  const seen = new Set<string>();
  const rows = cursorRows<BalanceRow>(
    sql,
    `SELECT member, currency, slice, programme, revision, position, book, held, debt, debt_effective_at, waived, deadline
       FROM taem_ledger.balances WHERE slice = ANY ($1::int[]) ORDER BY member, currency`,
    [slices],
  );
  for await (const row of rows) {
    const [
      member,
      currency,
      slice,
      programme,
      revision,
      position,
      book,
      held,
      debt,
      debtAt,
      waived,
      deadline,
    ] = row;
    const account = accountOf(replay, "balance", member, currency);
    const { state } = account;
    seen.add(accountKey(member, currency));
    const check = (
      column: string,
      expected: string | number | bigint | null,
      actual: string | number | bigint | null,
    ) => mustEqual("balance", () => `account ${member} ${currency}: ${column}`, expected, actual);
    check("slice", account.slice, slice);
    check("programme", account.programme, programme);
    check("revision", state.revision, revision);
    check("position", account.position, position);
    check("book", state.book, book);
    check("debt", state.debt, debt);
    check("debt_effective_at", state.debtEffectiveAt, debtAt);
    check(
      "waived",
      sumOf(state.waived, ({ amount }) => amount),
      waived,
    );
    check("deadline", orNull(state.deadline), deadline);
    if (!account.isMidway) check("held", state.held, held);
  }
  for (const [key, account] of replay.accounts)
    if (!seen.has(key)) throw missing("balance", account, "a row");
}

function accountOf(replay: Replay, check: "balance" | "lot" | "hold", member: string, currency: string) {
  const account = replay.accounts.get(accountKey(member, currency));
  if (account !== undefined) return account;
  const where = `account ${member} ${currency}`;
  throw new Discrepant({ check, where, expected: "no such account", actual: "a row" });
}

function missing(check: "balance" | "lot" | "hold", account: ReplayedAccount, expected: string): Discrepant {
  const where = `account ${account.member} ${account.currency}`;
  return new Discrepant({ check, where, expected, actual: "no row" });
}

function sumOf<T>(items: Iterable<T>, of: (item: T) => bigint): bigint {
  let sum = 0n;
  for (const item of items) sum += of(item);
  return sum;
}

function orNull(instant: number): number | null {
  return Number.isFinite(instant) ? instant : null;
}

/** Rows that come ordered by account, one account at a time; accounts without rows last. */
async function* byAccount<Row extends readonly [member: string, currency: string, ...unknown[]]>(
  replay: Replay,
  check: "lot" | "hold",
  rows: AsyncIterable<Row>,
): AsyncGenerator<{ account: ReplayedAccount; rows: Row[] }> {
  const rest = new Set(replay.accounts.values());
  let group: { account: ReplayedAccount; rows: Row[] } | undefined;
  for await (const row of rows) {
    const account = accountOf(replay, check, row[0], row[1]);
    if (group?.account !== account) {
      if (group !== undefined) yield group;
      rest.delete(account);
      group = { account, rows: [] };
    }
    group.rows.push(row);
  }
  if (group !== undefined) yield group;
  for (const account of rest) yield { account, rows: [] };
}

type LotRow = [
  member: string,
  currency: string,
  no: number,
  amount: string,
  remaining: string,
  held: string,
  availableFrom: bigint,
  expiresAt: Instant,
  book: string | null,
];

async function checkLots(sql: Queryable, replay: Replay, slices: readonly number[]): Promise<void> {
  const rows = cursorRows<LotRow>(
    sql,
    `SELECT l.member, l.currency, l.no, l.amount, l.remaining, l.held, l.available_from, l.expires_at, b.book
       FROM taem_ledger.lots l LEFT JOIN taem_ledger.balances b USING (member, currency)
      WHERE l.slice = ANY ($1::int[]) ORDER BY l.member, l.currency, l.no`,
    [slices],
  );
  for await (const { account, rows: lots } of byAccount(replay, "lot", rows)) checkLotsOf(account, lots);
}

function checkLotsOf(account: ReplayedAccount, rows: readonly LotRow[]): void {
  const { state, member, currency } = account;
  const where = (no: number, column: string) => () => `account ${member} ${currency} lot ${no}: ${column}`;
  const lots = new Map<number, Lot>(state.lots.entries());
  for (const [, , no, amount, remaining, held, availableFrom, expiresAt] of rows) {
    const lot = lots.get(no);
    mustEqual("lot", where(no, "row"), lot === undefined ? "no such lot" : "present", "present");
    if (lot === undefined) continue;
    lots.delete(no);
    mustEqual("lot", where(no, "amount"), lot.amount, amount);
    mustEqual("lot", where(no, "remaining"), lot.remaining, remaining);
    mustEqual("lot", where(no, "available_from"), lot.availableFrom, availableFrom);
    mustEqual("lot", where(no, "expires_at"), orNull(lot.expiresAt), expiresAt);
    if (!account.isMidway) mustEqual("lot", where(no, "held"), lot.held, held);
  }
  for (const no of lots.keys()) mustEqual("lot", where(no, "row"), "present", "no row");
  const sum = sumOf(rows, ([, , , , remaining]) => BigInt(remaining));
  const book = rows[0]?.[8] ?? String(state.book);
  mustEqual("sum_of_lots", () => `account ${member} ${currency}: book`, sum, book);
}

type HoldRow = [
  member: string,
  currency: string,
  no: number,
  status: string,
  amount: string,
  timeoutAt: bigint,
  takes: [lot: number, amount: string, vintage: string][],
];

async function checkHolds(sql: Queryable, replay: Replay, slices: readonly number[]): Promise<void> {
  const rows = cursorRows<HoldRow>(
    sql,
    `SELECT member, currency, no, status, amount, timeout_at, takes
       FROM taem_ledger.holds WHERE slice = ANY ($1::int[]) ORDER BY member, currency, no`,
    [slices],
  );
  for await (const { account, rows: holds } of byAccount(replay, "hold", rows)) {
    if (!account.isMidway) checkHoldsOf(account, holds);
  }
}

function checkHoldsOf({ state, member, currency }: ReplayedAccount, rows: readonly HoldRow[]): void {
  const where = (no: number, column: string) => () => `account ${member} ${currency} hold ${no}: ${column}`;
  mustEqual("hold", () => `account ${member} ${currency}: number of holds`, state.nextHold - 1, rows.length);
  for (const [, , no, status, amount, timeoutAt, takes] of rows) {
    const hold: Hold | undefined = state.holds.get(no);
    mustEqual("hold", where(no, "open"), hold !== undefined ? "yes" : "no", status === "open" ? "yes" : "no");
    if (hold === undefined) continue;
    mustEqual("hold", where(no, "amount"), hold.amount, amount);
    mustEqual("hold", where(no, "timeout_at"), hold.timeoutAt, timeoutAt);
    const expected = hold.takes.map((take) => [take.lot, String(take.amount), take.vintage]);
    mustEqual("hold", where(no, "takes"), JSON.stringify(expected), JSON.stringify(takes));
  }
}
