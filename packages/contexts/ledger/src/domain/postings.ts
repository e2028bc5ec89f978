import { invariant, sum } from "@taem/kernel";
import type { AccountEvent } from "../events.ts";
import { DEBT, OUTSTANDING, type Posting } from "./chart.ts";
import type { Effect } from "./effect.ts";
import { effectOf } from "./effects.ts";

/** The double-entry reading of an event: postings that sum to zero in its currency, none of them of nothing. */
export function postingsOf(event: AccountEvent): readonly Posting[] {
  return postingsBy(effectOf(event), event);
}

export function postingsBy<E>(
  { debits, credits, postings, amount }: Effect<E>,
  event: E,
): readonly Posting[] {
  if (postings !== undefined) return postings(event);
  if (debits === undefined || credits === undefined) return [];
  const moved = amount(event);
  if (moved === 0n) return [];
  return [
    { account: typeof debits === "string" ? debits : debits(event), amount: moved },
    { account: typeof credits === "string" ? credits : credits(event), amount: -moved },
  ];
}

/** One debit and one credit of the same amount need no look: only what an event posts by itself can fail to balance. */
export function assertBalanced(event: AccountEvent): void {
  const { postings } = effectOf(event);
  if (postings !== undefined) invariant(sum(postings(event)) === 0n, "the postings of an event sum to zero");
}

/** Change of the book balance: what is posted to `outstanding`, which the ledger owes. */
export function bookChange<E>({ debits, credits, postings, amount, takes }: Effect<E>, event: E): bigint {
  if (credits === OUTSTANDING) return amount(event);
  if (debits === OUTSTANDING) return -amount(event);
  return postings === undefined || takes === undefined ? 0n : -sum(takes(event));
}

/** Change of what the member owes: what is posted to `debt`. */
export function debtChange<E>({ credits, amount, owes }: Effect<E>, event: E): bigint {
  if (credits === DEBT) return -amount(event);
  return owes === undefined ? 0n : owes(event);
}
