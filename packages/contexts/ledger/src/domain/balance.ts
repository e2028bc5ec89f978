import { type Instant, sum } from "@taem/kernel";
import { type AccountState, draft, lotOf, openLots } from "./account-state.ts";
import { evolve } from "./evolve.ts";
import { free } from "./lot.ts";
import { type AccountIdentity, dueEvents } from "./sweep.ts";

/**
 * An account at an instant, in minor units. book = available + pending + held + due; debt stands beside it.
 */
export interface Balance {
  /** What is owed to the member by the ledger: the sum of the lots, whether or not the sweep has run. */
  readonly book: bigint;
  readonly available: bigint;
  /** Not available yet. */
  readonly pending: bigint;
  /** Named by open holds. */
  readonly held: bigint;
  /** Expired or used to repay debt by this instant, its event still to come. */
  readonly due: bigint;
  readonly debt: bigint;
}

/** What the account is at `now`. Pure: what time has done is worked out, not waited for. */
export function balanceAt(state: AccountState, account: AccountIdentity, now: Instant): Balance {
  const view = settledAt(state, account, now);
  return { ...settledBalance(view, now), book: state.book, due: state.book - view.book };
}

/** What a state is at `now` that time has done its work on by then. */
export function settledBalance(view: AccountState, now: Instant): Balance {
  const { book, held, debt } = view;
  const pending = pendingAt(view, now);
  return { book, available: book - held - pending, pending, held, due: 0n, debt };
}

/** Nothing in a settled account is dead but what is held: what is not available yet is pending. */
function pendingAt(view: AccountState, now: Instant): bigint {
  if (now >= view.matureBy) return 0n;
  let pending = 0n;
  for (const no of view.open) {
    const lot = lotOf(view, no);
    if (lot.availableFrom > now) pending += free(lot);
  }
  return pending;
}

/** The state as it is at `now` once everything due by then is done; the state itself when nothing is due. */
export function settledAt(state: AccountState, account: AccountIdentity, now: Instant): AccountState {
  const due = dueEvents(state, account, now);
  if (due.length === 0) return state;
  const view = draft(state);
  for (const event of due) evolve(view, event);
  return view;
}

/** Sum over the open lots: what `book` must equal. */
export function sumOfLots(state: AccountState): bigint {
  return sum(openLots(state).map((lot) => ({ amount: lot.remaining })));
}
