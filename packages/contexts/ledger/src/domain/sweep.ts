import { type Instant, lastValidDate, localDate, min, sum } from "@taem/kernel";
import type { AccountEvent, LotPart } from "../events.ts";
import {
  type AccountState,
  diesAt,
  draft,
  type Hold,
  lotOf,
  type PendingAdjustment,
} from "./account-state.ts";
import { comeBack } from "./come-back.ts";
import { evolve } from "./evolve.ts";
import { free, type Lot } from "./lot.ts";
import { inParts, MAX_LOTS_PER_EVENT } from "./taking.ts";

/** Which account events are about, and the zone that dates them. */
export interface AccountIdentity {
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
  /** The programme's zone in force at an instant. */
  readonly zoneAt: (at: Instant) => string;
}

type TimeMade = AccountEvent<
  "PointsExpired" | "HoldTimedOut" | "WaiverRecovered" | "DebtRepaid" | "AdjustmentLapsed"
>;

/**
 * What time alone has done to an account by `now`, in the order in which it happened: holds end at their timeout,
 * lots die at their expiry, credits that became available repay debt, what nobody approved lapses. Pure; empty when nothing is due, which costs
 * no more than a look at the front of each queue.
 */
export function dueEvents(state: AccountState, account: AccountIdentity, now: Instant): TimeMade[] {
  if (!isDue(state, now)) return [];
  const events: TimeMade[] = [];
  const ahead = draft(state);
  for (let next = nextDue(ahead, now); next !== undefined; next = nextDue(ahead, now)) {
    for (const event of eventsOf(next, ahead, account)) {
      evolve(ahead, event);
      events.push(event);
    }
  }
  return events;
}

/** Whether `dueEvents` would find anything; the earliest lots, the holds and what waits decide. */
function isDue(state: AccountState, now: Instant): boolean {
  if (state.debt > 0n && state.open.length > 0) return true;
  for (const hold of state.holds.values()) if (hold.timeoutAt <= now) return true;
  for (const waiting of state.pending.values()) if (waiting.expiresAt <= now) return true;
  const isDead = state.deadline <= now;
  for (const no of state.open) {
    const lot = lotOf(state, no);
    if (!isDead && lot.expiresAt > now) return false;
    if (free(lot) > 0n) return true;
  }
  return false;
}

/** The instant at which the account next changes by time alone, or undefined: what a scheduler waits for. */
export function nextDueAt(state: AccountState): Instant | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const hold of state.holds.values()) next = Math.min(next, hold.timeoutAt);
  for (const waiting of state.pending.values()) next = Math.min(next, waiting.expiresAt);
  for (const no of state.open) {
    const lot = lotOf(state, no);
    if (free(lot) === 0n) continue;
    next = Math.min(next, owes(lot, state) ? lot.availableFrom : diesAt(lot, state));
    if (state.debt === 0n) break;
  }
  return Number.isFinite(next) ? next : undefined;
}

type Due =
  | { readonly at: Instant; readonly what: "timeout"; readonly hold: Hold }
  | { readonly at: Instant; readonly what: "expiry" }
  | { readonly at: Instant; readonly what: "repayment"; readonly lot: Lot }
  | { readonly at: Instant; readonly what: "lapse"; readonly waiting: PendingAdjustment };

const RANK = { timeout: 0, expiry: 1, repayment: 2, lapse: 3 } as const;

/**
 * The earliest thing due by `now`; at the same instant a hold ends first, then lots die, then debt is repaid, then what
 * waits lapses.
 */
function nextDue(state: AccountState, now: Instant): Due | undefined {
  let first: Due | undefined;
  const consider = (due: Due): void => {
    if (due.at > now) return;
    if (
      first === undefined ||
      due.at < first.at ||
      (due.at === first.at && RANK[due.what] < RANK[first.what])
    ) {
      first = due;
    }
  };
  for (const hold of state.holds.values()) consider({ at: hold.timeoutAt, what: "timeout", hold });
  for (const waiting of state.pending.values()) consider({ at: waiting.expiresAt, what: "lapse", waiting });
  for (const no of state.open) {
    const lot = lotOf(state, no);
    if (free(lot) === 0n) continue;
    if (!owes(lot, state)) consider({ at: diesAt(lot, state), what: "expiry" });
    else if (lot.availableFrom <= now) {
      // It counts from when both are there, which an event of a fast clock may put after `now`.
      consider({ at: Math.min(now, repaysAt(lot, state)), what: "repayment", lot });
    }
    if (state.debt === 0n) break;
  }
  return first;
}

/** Whether the lot's points are to repay debt in their life. */
function owes(lot: Lot, state: AccountState): boolean {
  return state.debt > 0n && repaysAt(lot, state) < diesAt(lot, state);
}

/** A credit repays debt as soon as both are there. */
function repaysAt(lot: Lot, state: AccountState): Instant {
  return Math.max(lot.availableFrom, lot.effectiveAt, state.debtEffectiveAt);
}

function eventsOf(due: Due, state: AccountState, account: AccountIdentity): TimeMade[] {
  switch (due.what) {
    case "timeout":
      return timedOut(due.hold, state, account);
    case "expiry":
      return expiries(due.at, state, account);
    case "repayment":
      return [repayment(due.lot, state, account)];
    case "lapse":
      return [lapse(due.waiting, state, account)];
  }
}

function common(account: AccountIdentity, occurredAt: Instant, effectiveAt: Instant, book: bigint) {
  const { programme, member, currency } = account;
  return { programme, member, currency, occurredAt, effectiveAt, book };
}

function timedOut(
  hold: Hold,
  state: AccountState,
  account: AccountIdentity,
): AccountEvent<"HoldTimedOut" | "WaiverRecovered" | "DebtRepaid">[] {
  const effectiveAt = Math.max(hold.timeoutAt, hold.effectiveAt);
  const released = inParts(
    hold.takes,
    (chunk, part): AccountEvent<"HoldTimedOut"> => ({
      type: "HoldTimedOut",
      ...common(account, hold.timeoutAt, effectiveAt, state.book),
      ...part,
      hold: hold.no,
      released: chunk,
    }),
  );
  return [...released, ...comeBack(state, { hold: hold.no }, hold.takes, released.at(-1))];
}

/** Everything that dies at one instant; what a hold released later expires at the release. */
function expiries(
  at: Instant,
  state: AccountState,
  account: AccountIdentity,
): AccountEvent<"PointsExpired">[] {
  const groups = new Map<string, Lot[]>();
  for (const no of state.open) {
    const lot = lotOf(state, no);
    if (lot.expiresAt > at && state.deadline > at) break;
    if (free(lot) === 0n || diesAt(lot, state) !== at || owes(lot, state)) continue;
    const cause = lot.expiresAt === at ? "term" : "inactivity";
    const group = `${Math.max(at, lot.effectiveAt)} ${cause}`;
    const lots = groups.get(group);
    if (lots === undefined) groups.set(group, [lot]);
    else if (lots.length < MAX_LOTS_PER_EVENT) lots.push(lot);
  }
  let book = state.book;
  return [...groups].map(([group, lots]) => {
    const [effective, cause] = group.split(" ") as [string, "term" | "inactivity"];
    const takes = lots.map((lot) => ({ lot: lot.no, amount: free(lot), vintage: lot.vintage }));
    const amount = sum(takes);
    book -= amount;
    const effectiveAt = Number(effective);
    return {
      type: "PointsExpired",
      ...common(account, at, effectiveAt, book),
      amount,
      takes,
      accountingDate: expiryDate(account, at, effectiveAt),
      cause,
    };
  });
}

/** The last local day on which the lots were valid; what expires later than its due instant, on the day it expires. */
function expiryDate(account: AccountIdentity, dueAt: Instant, effectiveAt: Instant): string {
  const zone = account.zoneAt(dueAt);
  return effectiveAt > dueAt ? localDate(zone, effectiveAt) : lastValidDate(zone, dueAt);
}

function repayment(lot: Lot, state: AccountState, account: AccountIdentity): AccountEvent<"DebtRepaid"> {
  const at = repaysAt(lot, state);
  const takes: LotPart[] = [{ lot: lot.no, amount: min(free(lot), state.debt), vintage: lot.vintage }];
  const amount = sum(takes);
  return { type: "DebtRepaid", ...common(account, at, at, state.book - amount), amount, takes };
}

function lapse(
  { no: adjustment, direction, amount, reason, requestedBy, expiresAt, effectiveAt }: PendingAdjustment,
  state: AccountState,
  account: AccountIdentity,
): AccountEvent<"AdjustmentLapsed"> {
  return {
    type: "AdjustmentLapsed",
    ...common(account, expiresAt, Math.max(expiresAt, effectiveAt), state.book),
    adjustment,
    direction,
    amount,
    reason,
    requestedBy,
  };
}
