import { endOf } from "@taem/kernel";
import type { AccountEvent, LotPart, NewLot } from "../events.ts";
import {
  type AccountState,
  type ClosedAdjustment,
  type EndedHold,
  type Hold,
  lotOf,
  writable,
} from "./account-state.ts";
import { availableFrom, free, inBurnOrder, type Lot, type LotKind } from "./lot.ts";
import { noteEarn } from "./newest-earns.ts";
import type { Waiver } from "./waivers.ts";

/** The stream contradicts itself: an event cannot have happened after those before it. */
export class CorruptStream extends Error {
  readonly code = "corrupt_stream";
  constructor(revision: number, what: string) {
    super(`event ${revision} of the stream: ${what}`);
    this.name = "CorruptStream";
  }
}

/**
 * Folds one event into the state, in place, and returns it. Never judges; throws `CorruptStream` on an event that
 * contradicts the state.
 */
export function evolve(state: AccountState, event: AccountEvent): AccountState {
  state.revision++;
  apply(state, event);
  return state;
}

/** As `evolve`, and checks the book balance that the event states. For folds of whole streams, not of as-of cuts. */
export function follow(state: AccountState, event: AccountEvent): AccountState {
  evolve(state, event);
  if (state.book !== event.book) {
    throw new CorruptStream(
      state.revision,
      `it states a book balance of ${event.book}, its lots sum to ${state.book}`,
    );
  }
  return state;
}

export function replay(state: AccountState, events: Iterable<AccountEvent>): AccountState {
  for (const event of events) follow(state, event);
  return state;
}

function apply(state: AccountState, event: AccountEvent): void {
  switch (event.type) {
    case "PointsEarned":
      addLot(state, event.lot, "earn", event.key.system, event.effectiveAt);
      countForDay(state, event);
      state.deadline = endOf(event.deadline);
      return;
    case "PointsBurned":
      debit(state, event.takes, event);
      state.deadline = endOf(event.deadline);
      return;
    case "HoldPlaced":
      return placeHold(state, event);
    case "HoldCaptured":
      endHold(state, event, "captured");
      debit(state, event.takes, event);
      state.deadline = endOf(event.deadline);
      return;
    case "HoldVoided":
      return endHold(state, event, "voided");
    case "HoldTimedOut":
      return endHold(state, event, "timed_out");
    case "PointsExpired":
      return expire(state, event);
    case "DebtRepaid":
      debit(state, event.takes, event, (lot, taken) => ({ repaid: lot.repaid + taken }));
      return changeDebt(state, -event.amount, event.effectiveAt);
    case "EarnReversed":
      return reverseEarn(state, event);
    case "WaiverRecovered":
      debit(state, event.takes, event);
      return payWaivers(state, event);
    case "BurnReversed":
      credit(state, event.restored, event);
      for (const lot of event.replacements) {
        addLot(state, lot, "replacement", "", event.effectiveAt, lot.replaces);
      }
      if (event.deadline !== undefined) state.deadline = endOf(event.deadline);
      state.givenBack.set(event.origin, (state.givenBack.get(event.origin) ?? 0n) + event.amount);
      return;
    case "TransferOut":
      return debit(state, event.takes, event);
    case "TransferIn":
      for (const lot of event.lots) addLot(state, lot, "transfer", "", event.effectiveAt);
      if (event.deadline !== undefined) state.deadline = endOf(event.deadline);
      return;
    case "TransferInRefused":
      return;
    case "TransferReturned":
      return credit(state, event.restored, event);
    case "AdjustmentRequested":
      return requestAdjustment(state, event);
    case "AdjustmentRejected":
      return closeAdjustment(state, event, "rejected");
    case "AdjustmentWithdrawn":
      return closeAdjustment(state, event, "withdrawn");
    case "AdjustmentLapsed":
      return closeAdjustment(state, event, "lapsed");
    case "AdjustmentCredited":
      approveAdjustment(state, event);
      addLot(state, event.lot, "adjustment", "", event.effectiveAt);
      if (event.deadline !== undefined) state.deadline = endOf(event.deadline);
      return;
    case "AdjustmentDebited":
      approveAdjustment(state, event);
      return debit(state, event.takes, event);
    case "DebtWrittenOff":
      approveAdjustment(state, event);
      return changeDebt(state, -event.amount, event.effectiveAt);
    default:
      event satisfies never;
      throw new CorruptStream(state.revision, `unknown type ${(event as { type: string }).type}`);
  }
}

function addLot(
  state: AccountState,
  lot: NewLot,
  kind: LotKind,
  source: string,
  effectiveAt: number,
  replaces = 0,
): void {
  // An as-of cut leaves out what was recorded before but counts later, so numbers rise but may skip.
  if (lot.no < state.nextLot) throw new CorruptStream(state.revision, `lot ${lot.no} begins a second time`);
  state.nextLot = lot.no + 1;
  const begun: Lot = {
    no: lot.no,
    kind,
    source,
    amount: lot.amount,
    remaining: lot.amount,
    held: 0n,
    availableFrom: availableFrom(lot, effectiveAt),
    expiresAt: endOf(lot.expiresAt),
    earnedAt: lot.earnedAt,
    vintage: lot.vintage,
    replaces,
    effectiveAt,
    expired: 0n,
    repaid: 0n,
    restored: 0n,
    reversed: 0n,
    forgiven: 0n,
    refunded: 0n,
  };
  state.book += lot.amount;
  state.matureBy = Math.max(state.matureBy, begun.availableFrom);
  if (kind === "earn") noteEarn(state, begun.earnedAt);
  state.lots.set(begun.no, begun);
  if (begun.remaining > 0n) openInBurnOrder(state, begun);
}

function countForDay(state: AccountState, event: AccountEvent<"PointsEarned">): void {
  const basis = event.basis;
  if (basis?.capDay === undefined) return;
  const day = `${basis.rule} ${basis.capDay}`;
  state.earnedOnDay.set(day, (state.earnedOnDay.get(day) ?? 0n) + event.lot.amount);
}

type Extra = (lot: Lot, amount: bigint) => Partial<Lot>;

function debit(
  state: AccountState,
  takes: readonly LotPart[],
  event: { readonly effectiveAt: number },
  extra?: Extra,
): void {
  for (const take of takes) {
    const lot = openLot(state, take.lot);
    mustBeFree(state, lot, take.amount);
    changeLot(state, lot, {
      remaining: lot.remaining - take.amount,
      effectiveAt: Math.max(lot.effectiveAt, event.effectiveAt),
      ...extra?.(lot, take.amount),
    });
    state.book -= take.amount;
  }
}

/** What expires of a replacement was not spent after all: the return of the first lot's sale must not claim it. */
function expire(state: AccountState, event: AccountEvent<"PointsExpired">): void {
  const lapsed: { readonly first: number; readonly amount: bigint }[] = [];
  debit(state, event.takes, event, (lot, amount) => {
    if (lot.replaces > 0) lapsed.push({ first: lot.replaces, amount });
    return { expired: lot.expired + amount };
  });
  for (const { first, amount } of lapsed) {
    const lot = anyLot(state, first);
    changeLot(state, lot, { expired: lot.expired + amount });
  }
}

function mustBeFree(state: AccountState, lot: Lot, amount: bigint): void {
  if (amount <= free(lot)) return;
  throw new CorruptStream(state.revision, `takes ${amount} from lot ${lot.no}, free ${free(lot)}`);
}

function credit(
  state: AccountState,
  parts: readonly LotPart[],
  event: { readonly effectiveAt: number },
): void {
  for (const part of parts) {
    const lot = anyLot(state, part.lot);
    if (lot.remaining + part.amount > lot.amount) {
      throw new CorruptStream(state.revision, `gives lot ${lot.no} more than was ever taken from it`);
    }
    changeLot(state, lot, {
      remaining: lot.remaining + part.amount,
      effectiveAt: Math.max(lot.effectiveAt, event.effectiveAt),
    });
    state.book += part.amount;
  }
}

function placeHold(state: AccountState, event: AccountEvent<"HoldPlaced">): void {
  const begun = state.holds.get(event.hold);
  const hold: Hold = {
    no: event.hold,
    amount: (begun?.amount ?? 0n) + event.amount,
    takes: [...(begun?.takes ?? []), ...event.takes],
    timeoutAt: event.timeoutAt,
    effectiveAt: event.effectiveAt,
    redemption: event.redemption,
  };
  state.holds = writable(state.holds).set(hold.no, hold);
  state.held += event.amount;
  state.nextHold = Math.max(state.nextHold, hold.no + 1);
  for (const take of event.takes) {
    const lot = openLot(state, take.lot);
    mustBeFree(state, lot, take.amount);
    changeLot(state, lot, { held: lot.held + take.amount });
  }
}

/** The first event ends the whole hold, so that the further parts of a large capture find its points free. */
function endHold(
  state: AccountState,
  { hold: no, part, effectiveAt }: AccountEvent<"HoldCaptured" | "HoldVoided" | "HoldTimedOut">,
  how: EndedHold["how"],
): void {
  if (part !== undefined && part.index > 1) return;
  const hold = state.holds.get(no);
  if (hold === undefined) throw new CorruptStream(state.revision, `hold ${no} is not open`);
  writable(state.holds).delete(no);
  state.endedHolds.set(no, { how, at: effectiveAt });
  state.held -= hold.amount;
  for (const take of hold.takes) {
    const lot = openLot(state, take.lot);
    changeLot(state, lot, {
      held: lot.held - take.amount,
      effectiveAt: Math.max(lot.effectiveAt, effectiveAt),
    });
  }
}

function changeDebt(state: AccountState, by: bigint, effectiveAt: number): void {
  state.debt += by;
  if (state.debt < 0n) throw new CorruptStream(state.revision, `debt falls below zero: ${state.debt}`);
  state.debtEffectiveAt = Math.max(state.debtEffectiveAt, effectiveAt);
}

function reverseEarn(state: AccountState, event: AccountEvent<"EarnReversed">): void {
  debit(state, event.takes, event);
  for (const origin of event.origins) {
    const lot = anyLot(state, origin.lot);
    if (lot.reversed + origin.amount > lot.amount) {
      throw new CorruptStream(state.revision, `reverses more of lot ${lot.no} than was earned`);
    }
    changeLot(state, lot, {
      reversed: lot.reversed + origin.amount,
      restored: lot.restored + origin.restored,
      forgiven: lot.forgiven + origin.expired,
      refunded: event.refund === undefined ? lot.refunded : event.refund.cumulative,
      effectiveAt: Math.max(lot.effectiveAt, event.effectiveAt),
    });
  }
  if (event.debt > 0n) changeDebt(state, event.debt, event.effectiveAt);
  for (const origin of event.origins) waive(state, event, origin);
}

type Origin = AccountEvent<"EarnReversed">["origins"][number];

function waive(
  state: AccountState,
  { unreferenced, effectiveAt }: AccountEvent<"EarnReversed">,
  { waiver: no, lot, waived: amount }: Origin,
): void {
  if (no === undefined) return;
  // As with lots, numbers rise but may skip in an as-of cut.
  if (no < state.nextWaiver) throw new CorruptStream(state.revision, `waiver ${no} begins a second time`);
  state.nextWaiver = no + 1;
  const { revision, nextHold } = state;
  state.waived = state.waived.with([{ no, revision, nextHold, lot, unreferenced, amount, effectiveAt }]);
}

/**
 * What counts by an instant, or was known by then, has the waiver of every recovery that it has: the recovery comes
 * later in the log and is never effective earlier. So a cut is as strict as the whole stream.
 */
function payWaivers(state: AccountState, { returns }: AccountEvent<"WaiverRecovered">): void {
  const paid = new Map<number, bigint>();
  for (const { waiver, amount } of returns) paid.set(waiver, (paid.get(waiver) ?? 0n) + amount);
  const first = Math.min(...paid.keys());
  const { newer, others } = state.waived.split(({ no }) => no >= first);
  const left: Waiver[] = [];
  for (const waiver of newer) {
    const amount = waiver.amount - (paid.get(waiver.no) ?? 0n);
    paid.delete(waiver.no);
    if (amount < 0n) {
      throw new CorruptStream(
        state.revision,
        `takes ${waiver.amount - amount} for waiver ${waiver.no}, left ${waiver.amount}`,
      );
    }
    if (amount > 0n) left.push(amount === waiver.amount ? waiver : { ...waiver, amount });
  }
  for (const no of paid.keys()) throw new CorruptStream(state.revision, `waiver ${no} is not open`);
  state.waived = others.with(left);
}

function requestAdjustment(state: AccountState, event: AccountEvent<"AdjustmentRequested">): void {
  const { adjustment: no, direction, amount, reason, requestedBy, effectiveAt } = event;
  const expiresAt = endOf(event.expiresAt);
  const pending = { no, direction, amount, reason, requestedBy, effectiveAt, expiresAt };
  state.pending = writable(state.pending).set(no, pending);
  state.nextAdjustment = no + 1;
}

/** The first event of a large effect closes what was asked for. What waited for nobody has no number. */
function approveAdjustment(
  state: AccountState,
  event: AccountEvent<"AdjustmentCredited" | "AdjustmentDebited" | "DebtWrittenOff">,
): void {
  const { adjustment, part, effectiveAt } = event;
  if (adjustment === undefined || (part !== undefined && part.index > 1)) return;
  closeAdjustment(state, { adjustment, effectiveAt }, "approved");
}

function closeAdjustment(
  state: AccountState,
  { adjustment: no, effectiveAt: at }: { readonly adjustment: number; readonly effectiveAt: number },
  how: ClosedAdjustment["how"],
): void {
  if (!state.pending.has(no)) throw new CorruptStream(state.revision, `adjustment ${no} does not wait`);
  writable(state.pending).delete(no);
  state.closedAdjustments.set(no, { how, at });
}

function openLot(state: AccountState, no: number): Lot {
  const lot = state.lots.get(no);
  if (lot === undefined || lot.remaining === 0n)
    throw new CorruptStream(state.revision, `lot ${no} is not open`);
  return lot;
}

export function anyLot(state: AccountState, no: number): Lot {
  const lot = state.lots.get(no);
  if (lot === undefined) throw new CorruptStream(state.revision, `there is no lot ${no}`);
  return lot;
}

function changeLot(state: AccountState, lot: Lot, change: Partial<Lot>): void {
  const changed: Lot = { ...lot, ...change };
  state.lots.set(lot.no, changed);
  if (lot.remaining === 0n && changed.remaining > 0n) openInBurnOrder(state, changed);
  if (lot.remaining > 0n && changed.remaining === 0n) close(state, changed);
}

/** New lots mostly expire last. */
function openInBurnOrder(state: AccountState, lot: Lot): void {
  const { open } = state;
  const last = open.at(-1);
  if (last === undefined || inBurnOrder(lotOf(state, last), lot) < 0) open.push(lot.no);
  else open.splice(placeOf(state, lot), 0, lot.no);
}

/** Debits come off the front. */
function close(state: AccountState, lot: Lot): void {
  if (state.open[0] === lot.no) state.open.shift();
  else state.open.splice(placeOf(state, lot), 1);
}

/** Index of the first open lot that is not before this one. */
function placeOf(state: AccountState, lot: Lot): number {
  let low = 0;
  let high = state.open.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inBurnOrder(lotOf(state, state.open[middle] as number), lot) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
