import type { Instant } from "@taem/kernel";
import type { AccountState } from "./account-state.ts";
import type { Lot } from "./lot.ts";

/** An earn's lot has come. */
export function noteEarn(state: AccountState, earnedAt: Instant): void {
  state.newestEarn = Math.max(state.newestEarn, earnedAt);
  state.earnsLateBy = Math.max(state.earnsLateBy, state.newestEarn - earnedAt);
}

/** Lots that may wait to be told; where more do, earns came in no order, and all are sorted at once. */
const MOST_WAITING = 1_000;

/**
 * Earns of which something can still be reversed, newest first by when they were earned. Mostly that is the order of their numbers,
 * backwards: no lot is read before the one that is asked for, but for as far as some earn of the account ever came late.
 */
export function* earnsNewestFirst(state: AccountState): Generator<Lot> {
  /** Read and not told yet, the newest last. */
  const waiting: Lot[] = [];
  for (const lot of earnsBackwards(state, state.nextLot - 1)) {
    if (isReversible(lot)) waiting.splice(placeOf(lot, waiting), 0, lot);
    // None before this one was earned later than that.
    const bound = lot.earnedAt + state.earnsLateBy;
    for (
      let newest = waiting.at(-1);
      newest !== undefined && newest.earnedAt >= bound;
      newest = waiting.at(-1)
    )
      yield waiting.pop() as Lot;
    if (waiting.length < MOST_WAITING) continue;
    for (const rest of earnsBackwards(state, lot.no - 1)) if (isReversible(rest)) waiting.push(rest);
    waiting.sort(byEarning);
    break;
  }
  yield* waiting.reverse();
}

function* earnsBackwards({ lots }: AccountState, from: number): Generator<Lot> {
  for (let no = from; no > 0; no--) {
    const lot = lots.get(no);
    if (lot?.kind === "earn") yield lot;
  }
}

function isReversible({ reversed, amount }: Lot): boolean {
  return reversed < amount;
}

function byEarning(a: Lot, b: Lot): number {
  return a.earnedAt - b.earnedAt || a.no - b.no;
}

/** Where a lot of a lower number than all that wait belongs among them. */
function placeOf(lot: Lot, waiting: readonly Lot[]): number {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byEarning(waiting[middle] as Lot, lot) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
