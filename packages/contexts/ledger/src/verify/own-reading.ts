import { dateInCalendar, type Instant, localDate } from "@taem/kernel";
import {
  DEBT,
  EXPIRED,
  OUTSTANDING,
  type Posting,
  TRANSFER_CLEARING,
  WAIVED,
  WAIVED_CLAIMS,
} from "../domain/chart.ts";
import {
  type Activity,
  type EffectDetail,
  type LotAmount,
  NO_DETAIL,
  type StatementKind,
} from "../domain/effect.ts";
import type { AccountEvent, AccountEventType, LotPart } from "../events.ts";
import type { Reading } from "../read-model/addition.ts";
import { pairsOf } from "../read-model/entries.ts";

// What every event says, told a second time on purpose: `verify` takes nothing from the declared effects (an import rule
// holds it to that), or what is declared wrongly there would be found right here.

interface Own {
  readonly kind: StatementKind;
  readonly reason: string;
  readonly amount: bigint;
  /** Change of the book balance. */
  readonly delta?: bigint;
  readonly debt?: bigint;
  readonly lot?: number;
  readonly detail?: EffectDetail;
  readonly postings?: readonly Posting[];
  readonly activity?: keyof Activity | undefined;
}

export function ownReading(event: AccountEvent, zoneAt: (at: Instant) => string): Reading {
  const {
    kind,
    reason,
    amount,
    delta = 0n,
    debt = 0n,
    lot = 0,
    detail = NO_DETAIL,
    postings = [],
  } = ownOf(event);
  const key = "key" in event ? event.key : undefined;
  return {
    date:
      event.type === "PointsExpired"
        ? dateInCalendar(event.accountingDate)
        : localDate(zoneAt(event.effectiveAt), event.effectiveAt),
    entries: pairsOf(postings.filter((posting) => posting.amount !== 0n)),
    line: { kind, reason, amount, delta, debt, book: event.book, key, lot, detail },
  };
}

export function ownActivity(event: AccountEvent): Activity {
  const { activity, amount } = ownOf(event);
  return { earned: activity === "earned" ? amount : 0n, adjusted: activity === "adjusted" ? amount : 0n };
}

const readings: { readonly [T in AccountEventType]: (event: AccountEvent<T>) => Own } = {
  PointsEarned: ({ basis, reason, lot, key }) => ({
    ...gain("earn", reason, lot.amount, `issuance:${key.system}`),
    lot: lot.no,
    detail: basis === undefined ? {} : { rule: basis.rule, version: basis.version },
    activity: "earned",
  }),
  PointsBurned: ({ redemption, amount }) => loss("burn", redemption, amount, `redemption:${redemption}`),
  HoldPlaced: ({ hold, redemption, amount }) => ({
    kind: "hold",
    reason: redemption,
    amount,
    detail: { hold },
  }),
  HoldCaptured: ({ hold, redemption, amount }) => ({
    ...loss("capture", redemption, amount, `redemption:${redemption}`),
    detail: { hold },
  }),
  HoldVoided: ({ hold, released }) => ({
    kind: "void",
    reason: "voided",
    amount: total(released),
    detail: { hold },
  }),
  HoldTimedOut: ({ hold, released }) => ({
    kind: "hold_timeout",
    reason: "timed_out",
    amount: total(released),
    detail: { hold },
  }),
  PointsExpired: ({ cause, amount }) => loss("expiry", cause, amount, EXPIRED),
  DebtRepaid: ({ amount }) => ({ ...loss("debt_repayment", "debt", amount, DEBT), debt: -amount }),
  EarnReversed: earnReversed,
  WaiverRecovered: waiverRecovered,
  BurnReversed: ({ reason, amount, redemption, origin, restored, replacements }) => ({
    ...gain("burn_reversal", reason, amount, `redemption:${redemption}`),
    detail: {
      burn: origin,
      restored: restored.map(lotAmount),
      replaced: replacements.map((lot) => [lot.no, String(lot.amount), lot.replaces]),
    },
  }),
  TransferOut: ({ amount, transfer, to }) => ({
    ...loss("transfer_out", "transfer", amount, TRANSFER_CLEARING),
    detail: { transfer, counterparty: to },
  }),
  TransferIn: ({ amount, transfer, from }) => ({
    ...gain("transfer_in", "transfer", amount, TRANSFER_CLEARING),
    detail: { transfer, counterparty: from },
  }),
  TransferInRefused: ({ refusal, amount, transfer, from }) => ({
    kind: "transfer_in_refused",
    reason: refusal,
    amount,
    detail: { transfer, counterparty: from },
  }),
  TransferReturned: ({ refusal, amount, transfer, restored }) => ({
    ...gain("transfer_returned", refusal, amount, TRANSFER_CLEARING),
    detail: { transfer, restored: restored.map(lotAmount) },
  }),
  AdjustmentRequested: (event) => ({
    kind: "adjustment_requested",
    amount: event.amount,
    ...adjustment(event),
  }),
  AdjustmentRejected: (event) => ({
    kind: "adjustment_rejected",
    amount: event.amount,
    ...adjustment(event),
  }),
  AdjustmentWithdrawn: (event) => ({
    kind: "adjustment_withdrawn",
    amount: event.amount,
    ...adjustment(event),
  }),
  AdjustmentLapsed: (event) => ({ kind: "adjustment_lapsed", amount: event.amount, ...adjustment(event) }),
  AdjustmentCredited: (event) => ({
    ...gain("adjustment_credit", event.reason, event.lot.amount, `adjustment:${event.reason}`),
    ...byHand(event),
  }),
  AdjustmentDebited: (event) => ({
    ...loss("adjustment_debit", event.reason, event.amount, `adjustment:${event.reason}`),
    ...byHand(event),
  }),
  DebtWrittenOff: (event) => ({
    kind: "write_off",
    amount: event.amount,
    debt: -event.amount,
    postings: entry(`adjustment:${event.reason}`, DEBT, event.amount),
    ...byHand(event),
  }),
};

function ownOf<T extends AccountEventType>(event: AccountEvent<T>): Own {
  return (readings[event.type as T] as (event: AccountEvent<T>) => Own)(event);
}

function gain(kind: StatementKind, reason: string, amount: bigint, from: string): Own {
  return { kind, reason, amount, delta: amount, postings: entry(from, OUTSTANDING, amount) };
}

function loss(kind: StatementKind, reason: string, amount: bigint, to: string): Own {
  return { kind, reason, amount, delta: -amount, postings: entry(OUTSTANDING, to, amount) };
}

function entry(debit: string, credit: string, amount: bigint): readonly Posting[] {
  return [
    { account: debit, amount },
    { account: credit, amount: -amount },
  ];
}

function earnReversed(event: AccountEvent<"EarnReversed">): Own {
  const { reason, amount, debt, takes, origins, issuance, unreferenced } = event;
  const taken = total(takes);
  const waived = origins.reduce((sum, origin) => sum + origin.waived, 0n);
  const postings = [
    { account: OUTSTANDING, amount: taken },
    { account: DEBT, amount: debt },
    ...issuance.map((part) => ({ account: issuedBy(part.source, unreferenced), amount: -part.amount })),
    ...entry(WAIVED, WAIVED_CLAIMS, waived),
  ];
  const detail = {
    origins: origins.map(lotAmount),
    ...(waived > 0n ? { waived: String(waived) } : {}),
  };
  return { kind: "earn_reversal", reason, amount, delta: -taken, debt, detail, postings };
}

function waiverRecovered({ amount, returns }: AccountEvent<"WaiverRecovered">): Own {
  const postings = [
    { account: OUTSTANDING, amount },
    ...returns.map((paid) => ({ account: issuedBy(paid.source, paid.unreferenced), amount: -paid.amount })),
    ...entry(WAIVED_CLAIMS, WAIVED, amount),
  ];
  const detail = { origins: returns.map(lotAmount) };
  return { kind: "waiver_recovery", reason: "return", amount, delta: -amount, detail, postings };
}

function issuedBy(source: string, unreferenced: boolean): string {
  return unreferenced ? `issuance:${source}:unreferenced_returns` : `issuance:${source}`;
}

interface OfAdjustment {
  readonly adjustment?: number;
  readonly reason: string;
  readonly approvedBy?: string;
}

function adjustment({ adjustment: no, reason }: OfAdjustment): Pick<Own, "reason" | "detail"> {
  return { reason, detail: no === undefined ? {} : { adjustment: no } };
}

function byHand(event: OfAdjustment): Pick<Own, "reason" | "detail" | "activity"> {
  return { ...adjustment(event), activity: event.approvedBy === undefined ? "adjusted" : undefined };
}

function lotAmount({ lot, amount }: { readonly lot: number; readonly amount: bigint }): LotAmount {
  return [lot, String(amount)];
}

function total(parts: readonly Pick<LotPart, "amount">[]): bigint {
  return parts.reduce((sum, { amount }) => sum + amount, 0n);
}
