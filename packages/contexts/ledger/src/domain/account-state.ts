import { type Instant, type Layer, LayeredMap } from "@taem/kernel";
import type { Lot } from "./lot.ts";
import { PackedLots } from "./packed-lots.ts";
import { Waivers } from "./waivers.ts";

export interface Hold {
  readonly no: number;
  readonly amount: bigint;
  readonly takes: readonly { readonly lot: number; readonly amount: bigint; readonly vintage: string }[];
  readonly timeoutAt: Instant;
  readonly effectiveAt: Instant;
  readonly redemption: string;
}

export interface PendingAdjustment {
  readonly no: number;
  readonly direction: "credit" | "debit" | "write_off";
  readonly amount: bigint;
  readonly reason: string;
  readonly requestedBy: string;
  /** Of the request: what is approved has effect no earlier. */
  readonly effectiveAt: Instant;
  /** When it lapses; Infinity = never. */
  readonly expiresAt: Instant;
}

/** How a waiting adjustment was closed, and when that counts. */
export interface ClosedAdjustment {
  readonly how: "approved" | "rejected" | "withdrawn" | "lapsed";
  readonly at: Instant;
}

/** How a hold ended, and when that counts. */
export interface EndedHold {
  readonly how: "captured" | "voided" | "timed_out";
  readonly at: Instant;
}

/**
 * State of one account, a fold of its events. It is owned by whoever folds: `evolve` changes it in place, which
 * keeps a fold at millions of events per second; who needs the state before as well takes a `draft` first.
 */
export interface AccountState {
  /** Number of events folded. */
  revision: number;
  /** Every lot there has been, by number: returns and refunds refer to those with nothing left too. */
  lots: Layer<number, Lot>;
  /** Numbers of the lots with something left, in burn order: earliest expiry, earliest original earn, log position. */
  open: number[];
  /** Open holds by number. */
  holds: ReadonlyMap<number, Hold>;
  /** Those that have ended, by number. */
  endedHolds: Layer<number, EndedHold>;
  pending: ReadonlyMap<number, PendingAdjustment>;
  /** What has waited, by number. */
  closedAdjustments: Layer<number, ClosedAdjustment>;
  /** Sum of `remaining` over the open lots: the book balance. */
  book: bigint;
  /** Sum of `held` over the open lots. */
  held: bigint;
  /** The latest availableFrom of all lots: from then on nothing is pending. */
  matureBy: Instant;
  /** The latest that any lot of an earn was earned, and by how much one was earned earlier than another before it, at most. */
  newestEarn: Instant;
  earnsLateBy: number;
  /** Those with something left. */
  waived: Waivers;
  debt: bigint;
  /** Latest effectiveAt of the events that changed the debt. */
  debtEffectiveAt: Instant;
  /** When everything dies for want of activity; Infinity = never. */
  deadline: Instant;
  nextLot: number;
  nextHold: number;
  nextWaiver: number;
  nextAdjustment: number;
  /** Points earned per rule and local day, for daily caps: `rule 2026-11-22`. */
  earnedOnDay: Layer<string, bigint>;
  /** Given back so far of a burn, by the revision of its first event. */
  givenBack: Layer<number, bigint>;
}

/** Most accounts have no hold and nothing to decide at any time: they share this. */
const NONE: ReadonlyMap<number, never> = new Map<number, never>();

/** A map of a state, for writing to. */
export function writable<K, V>(map: ReadonlyMap<K, V>): Map<K, V> {
  return map.size === 0 ? new Map() : (map as Map<K, V>);
}

function copyOf<V>(map: ReadonlyMap<number, V>): ReadonlyMap<number, V> {
  return map.size === 0 ? NONE : new Map(map);
}

export function newAccount(): AccountState {
  return {
    revision: 0,
    lots: new PackedLots(),
    open: [],
    holds: NONE,
    endedHolds: new LayeredMap(),
    pending: NONE,
    closedAdjustments: new LayeredMap(),
    book: 0n,
    held: 0n,
    matureBy: 0,
    newestEarn: 0,
    earnsLateBy: 0,
    waived: Waivers.none,
    debt: 0n,
    debtEffectiveAt: 0,
    deadline: Number.POSITIVE_INFINITY,
    nextLot: 1,
    nextHold: 1,
    nextWaiver: 1,
    nextAdjustment: 1,
    earnedOnDay: new LayeredMap(),
    givenBack: new LayeredMap(),
  };
}

/** A copy to fold tentative events into; the original stays as it is. Costs the open lots and holds, not the history. */
export function draft(state: AccountState): AccountState {
  return {
    ...state,
    lots: state.lots.draft(),
    open: state.open.slice(),
    holds: copyOf(state.holds),
    endedHolds: state.endedHolds.draft(),
    pending: copyOf(state.pending),
    closedAdjustments: state.closedAdjustments.draft(),
    earnedOnDay: state.earnedOnDay.draft(),
    givenBack: state.givenBack.draft(),
  };
}

/** Makes a draft the state; its original must not be used afterwards. */
export function commit(state: AccountState): AccountState {
  return {
    ...state,
    lots: state.lots.commit(),
    endedHolds: state.endedHolds.commit(),
    closedAdjustments: state.closedAdjustments.commit(),
    earnedOnDay: state.earnedOnDay.commit(),
    givenBack: state.givenBack.commit(),
  };
}

/** A lot by a number that the state itself names. */
export function lotOf(state: AccountState, no: number): Lot {
  return state.lots.get(no) as Lot;
}

/** The lots with something left, in burn order. */
export function openLots(state: AccountState): Lot[] {
  return state.open.map((no) => lotOf(state, no));
}

/** The instant from which a lot is unusable: its own expiry or the account's inactivity deadline. */
export function diesAt(lot: Lot, state: AccountState): Instant {
  return Math.min(lot.expiresAt, state.deadline);
}

export function isAvailable(lot: Lot, state: AccountState, now: Instant): boolean {
  return lot.availableFrom <= now && now < diesAt(lot, state);
}
