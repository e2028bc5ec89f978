import type { Instant } from "@taem/kernel";
import type { NewLot } from "../events.ts";

/** Which ledger credit made a lot; only earned lots can be reversed. */
export type LotKind = "earn" | "transfer" | "adjustment" | "replacement";

/** A batch of points with one origin and one expiry. Immutable: a change makes a new one under the same number. */
export interface Lot {
  readonly no: number;
  readonly kind: LotKind;
  /** Source system of the earn, for the issuance account; empty for other kinds. */
  readonly source: string;
  readonly amount: bigint;
  readonly remaining: bigint;
  /** Part of `remaining` that open holds have named. */
  readonly held: bigint;
  /** As `availableFrom` says. */
  readonly availableFrom: Instant;
  /** Infinity = never. */
  readonly expiresAt: Instant;
  /** When the points were first earned; kept through transfers. */
  readonly earnedAt: Instant;
  readonly vintage: string;
  /** The lot for which this replacement stands in; 0 = it stands for itself. */
  readonly replaces: number;
  /** Latest effectiveAt of the events that touched it. */
  readonly effectiveAt: Instant;
  /** Ever expired from it, or from what stood in for it. */
  readonly expired: bigint;
  /** Ever used to repay debt, and how much of that debt a reversal has restored. */
  readonly repaid: bigint;
  readonly restored: bigint;
  /** Reversed of `amount`, and how much of that was found expired. */
  readonly reversed: bigint;
  readonly forgiven: bigint;
  /** Money refunded of the sale that earned it. */
  readonly refunded: bigint;
}

/** From when a fresh lot is available; 0 = since its event, whatever the clock of who asks. */
export function availableFrom(lot: NewLot, effectiveAt: Instant): Instant {
  return lot.availableFrom > effectiveAt ? lot.availableFrom : 0;
}

/** What of a lot no hold has named. */
export function free(lot: Lot): bigint {
  return lot.remaining - lot.held;
}

/** Burn order: total, so that every instance takes the same points. */
export function inBurnOrder(a: Lot, b: Lot): number {
  if (a.expiresAt !== b.expiresAt) return a.expiresAt < b.expiresAt ? -1 : 1;
  if (a.earnedAt !== b.earnedAt) return a.earnedAt < b.earnedAt ? -1 : 1;
  return a.no - b.no;
}
