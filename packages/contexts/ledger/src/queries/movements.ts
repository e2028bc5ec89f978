import { DEBT, EXPIRED, OUTSTANDING, TRANSFER_CLEARING, WAIVED, WAIVED_CLAIMS } from "../domain/index.ts";
import type { PostedPair } from "./posted.ts";

/** What a line of a roll-forward is of: what is owed, what members owe back, or what returns have left with them. */
export type Balance = "outstanding" | "debt" | "waived";

export interface Movement {
  readonly balance: Balance;
  readonly line: Line;
  /** Source, redemption kind or reason; undefined where the line has none. */
  readonly of: string | undefined;
  /** Of the balance, by one point posted. */
  readonly sign: 1n | -1n;
}

/** The lines of each balance, in the order of a report. */
export const LINES = {
  outstanding: [
    "earned",
    "reversed",
    "returned_without_sale",
    "burned",
    "given_back",
    "transferred_in",
    "transferred_out",
    "adjusted_up",
    "adjusted_down",
    "expired",
    "set_off_against_debt",
  ],
  debt: ["owed_for_returns", "owed_for_returns_without_sale", "set_off", "written_off"],
  waived: ["waived", "recovered"],
} as const;

export type Line = (typeof LINES)[Balance][number];

const WITHOUT_SALE = ":unreferenced_returns";

/**
 * The lines that a posting from one ledger account's credit to another's debit is of: one for each balance that it
 * changes. Throws on a pair of accounts that no event posts to.
 */
export function movementsOf({ debit, credit }: Pick<PostedPair, "debit" | "credit">): Movement[] {
  if (debit === OUTSTANDING && credit === DEBT) {
    return [move("outstanding", -1n, "set_off_against_debt"), move("debt", -1n, "set_off")];
  }
  if (credit === OUTSTANDING) return [into(debit, credit)];
  if (debit === OUTSTANDING) return [outOf(credit, debit)];
  const of = nameOf(debit === DEBT ? credit : debit);
  if (debit === DEBT && credit.startsWith("issuance:"))
    return [
      move("debt", 1n, isWithoutSale(credit) ? "owed_for_returns_without_sale" : "owed_for_returns", of),
    ];
  if (credit === DEBT && debit.startsWith("adjustment:")) return [move("debt", -1n, "written_off", of)];
  if (debit === WAIVED && credit === WAIVED_CLAIMS) return [move("waived", 1n, "waived")];
  if (debit === WAIVED_CLAIMS && credit === WAIVED) return [move("waived", -1n, "recovered")];
  throw unknown(debit, credit);
}

function into(account: string, outstanding: string): Movement {
  if (account.startsWith("issuance:")) return move("outstanding", 1n, "earned", nameOf(account));
  if (account.startsWith("redemption:")) return move("outstanding", 1n, "given_back", nameOf(account));
  if (account.startsWith("adjustment:")) return move("outstanding", 1n, "adjusted_up", nameOf(account));
  if (account === TRANSFER_CLEARING) return move("outstanding", 1n, "transferred_in");
  throw unknown(account, outstanding);
}

function outOf(account: string, outstanding: string): Movement {
  if (isWithoutSale(account)) return move("outstanding", -1n, "returned_without_sale", nameOf(account));
  if (account.startsWith("issuance:")) return move("outstanding", -1n, "reversed", nameOf(account));
  if (account.startsWith("redemption:")) return move("outstanding", -1n, "burned", nameOf(account));
  if (account.startsWith("adjustment:")) return move("outstanding", -1n, "adjusted_down", nameOf(account));
  if (account === TRANSFER_CLEARING) return move("outstanding", -1n, "transferred_out");
  if (account === EXPIRED) return move("outstanding", -1n, "expired");
  throw unknown(outstanding, account);
}

function move(balance: Balance, sign: 1n | -1n, line: Line, of?: string): Movement {
  return { balance, sign, line, of };
}

function isWithoutSale(account: string): boolean {
  return account.startsWith("issuance:") && account.endsWith(WITHOUT_SALE);
}

/** `issuance:pos:unreferenced_returns` is of `pos`. */
function nameOf(account: string): string {
  const name = account.slice(account.indexOf(":") + 1);
  return isWithoutSale(account) ? name.slice(0, -WITHOUT_SALE.length) : name;
}

function unknown(debit: string, credit: string): Error {
  return new Error(`no event posts from ${credit} to ${debit}`);
}

/** One line of a roll-forward: the change of its balance. */
export interface MovementLine {
  readonly line: Line;
  readonly of: string | undefined;
  points: bigint;
}

/** One balance over a span: opening and the lines add up to closing. */
export interface RolledBalance {
  readonly opening: bigint;
  readonly lines: readonly MovementLine[];
  readonly closing: bigint;
}

export type Rolled = { readonly [B in Balance]: RolledBalance };

/** Every balance over the pairs of a span, from those before it. */
export function roll(opening: { readonly [B in Balance]: bigint }, pairs: readonly PostedPair[]): Rolled {
  const of = (balance: Balance): RolledBalance => {
    const lines = linesOf(balance, pairs);
    const closing = lines.reduce((sum, { points }) => sum + points, opening[balance]);
    return { opening: opening[balance], lines, closing };
  };
  return { outstanding: of("outstanding"), debt: of("debt"), waived: of("waived") };
}

function linesOf(balance: Balance, pairs: readonly PostedPair[]): MovementLine[] {
  const lines = new Map<string, MovementLine>();
  for (const pair of pairs) {
    for (const movement of movementsOf(pair)) {
      if (movement.balance !== balance) continue;
      const { line, of, sign } = movement;
      const known = lines.get(`${line} ${of}`) ?? { line, of, points: 0n };
      known.points += sign * pair.amount;
      lines.set(`${line} ${of}`, known);
    }
  }
  const order: readonly Line[] = LINES[balance];
  return [...lines.values()].sort(
    (a, b) => order.indexOf(a.line) - order.indexOf(b.line) || ((a.of ?? "") < (b.of ?? "") ? -1 : 1),
  );
}
