import { type Instant, min, type Part, inParts as split } from "@taem/kernel";
import type { LotPart } from "../events.ts";
import { type AccountState, isAvailable, lotOf } from "./account-state.ts";
import { free, type Lot } from "./lot.ts";

/** An event names at most this many lots; a larger effect is several events in one append. */
export const MAX_LOTS_PER_EVENT = 500;

/** Points found for a debit, in burn order; `amount` is less than wanted when there are not enough. */
export interface Taking {
  readonly takes: readonly LotPart[];
  readonly lots: readonly Lot[];
  readonly amount: bigint;
}

/** Takes available points in burn order; `taken` says what the same decision has already taken of a lot. */
export function takeAvailable(
  state: AccountState,
  wanted: bigint,
  now: Instant,
  taken: ReadonlyMap<number, bigint> = new Map(),
): Taking {
  const takes: LotPart[] = [];
  const lots: Lot[] = [];
  let amount = 0n;
  for (const no of state.open) {
    if (amount === wanted) break;
    const lot = lotOf(state, no);
    if (!isAvailable(lot, state, now)) continue;
    const part = min(free(lot) - (taken.get(lot.no) ?? 0n), wanted - amount);
    if (part <= 0n) continue;
    takes.push({ lot: lot.no, amount: part, vintage: lot.vintage });
    lots.push(lot);
    amount += part;
  }
  return { takes, lots, amount };
}

/** The latest of the business time and the effective times of what is touched. */
export function effectiveAt(
  occurredAt: Instant,
  touched: readonly { readonly effectiveAt: Instant }[],
): Instant {
  let latest = occurredAt;
  for (const thing of touched) if (thing.effectiveAt > latest) latest = thing.effectiveAt;
  return latest;
}

/** Splits a large effect into events of bounded size. */
export function inParts<T, E>(
  items: readonly T[],
  build: (chunk: readonly T[], part: { readonly part?: Part }, isFirst: boolean) => E,
): E[] {
  return split(items, MAX_LOTS_PER_EVENT, build);
}
