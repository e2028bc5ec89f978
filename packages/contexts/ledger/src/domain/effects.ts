import { dateInCalendar, type Instant, sum } from "@taem/kernel";
import type { AccountEvent, AccountEventType, LotPart } from "../events.ts";
import {
  DEBT,
  EXPIRED,
  OUTSTANDING,
  type Posting,
  TRANSFER_CLEARING,
  WAIVED,
  WAIVED_CLAIMS,
} from "./chart.ts";
import { type Effect, type LotAmount, NO_DETAIL } from "./effect.ts";

/** What every type of event does to its account. A new type is declared here and folded by `evolve`. */
const effects: { readonly [T in AccountEventType]: Effect<AccountEvent<T>> } = {
  PointsEarned: {
    operation: "earn",
    kind: "earn",
    reason: ({ reason }) => reason,
    detail: ({ basis }) => (basis === undefined ? NO_DETAIL : { rule: basis.rule, version: basis.version }),
    amount: ({ lot }) => lot.amount,
    debits: ({ key }) => issuance(key.system, false),
    credits: OUTSTANDING,
    begins: { kind: "earn", lots: ({ lot }) => [lot], source: ({ key }) => key.system },
    sale: ({ lot }) => lot.no,
    deadline: { at: deadline, unsaid: "never" },
    activity: () => "earned",
  },
  PointsBurned: {
    operation: "burn",
    kind: "burn",
    reason: ({ redemption }) => redemption,
    amount,
    debits: OUTSTANDING,
    credits: redeemed,
    takes,
    deadline: { at: deadline, unsaid: "never" },
  },
  HoldPlaced: {
    operation: "hold",
    kind: "hold",
    reason: ({ redemption }) => redemption,
    detail: ofHold,
    amount,
    places: itself,
  },
  HoldCaptured: {
    operation: "capture",
    kind: "capture",
    reason: ({ redemption }) => redemption,
    detail: ofHold,
    amount,
    debits: OUTSTANDING,
    credits: redeemed,
    takes,
    ends: { how: "captured", hold: itself },
    deadline: { at: deadline, unsaid: "never" },
  },
  HoldVoided: {
    operation: "void",
    kind: "void",
    reason: () => "voided",
    detail: ofHold,
    amount: ({ released }) => sum(released),
    ends: { how: "voided", hold: itself },
  },
  HoldTimedOut: {
    kind: "hold_timeout",
    reason: () => "timed_out",
    detail: ofHold,
    amount: ({ released }) => sum(released),
    ends: { how: "timed_out", hold: itself },
  },
  PointsExpired: {
    kind: "expiry",
    reason: ({ cause }) => cause,
    amount,
    debits: OUTSTANDING,
    credits: EXPIRED,
    takes,
    accountingDate: ({ accountingDate }) => dateInCalendar(accountingDate),
  },
  DebtRepaid: {
    kind: "debt_repayment",
    reason: () => "debt",
    amount,
    debits: OUTSTANDING,
    credits: DEBT,
    takes,
  },
  EarnReversed: {
    operation: "reverse",
    kind: "earn_reversal",
    reason: ({ reason }) => reason,
    detail: ({ origins }) => {
      const left = waived(origins);
      return { origins: origins.map(lotAmount), ...(left > 0n ? { waived: String(left) } : {}) };
    },
    amount,
    postings: reversal,
    owes: ({ debt }) => debt,
    claims: ({ origins }) =>
      origins.reduce((all, origin) => (origin.waiver === undefined ? all : all + origin.waived), 0n),
    takes,
    touches: ({ origins }) => origins,
  },
  WaiverRecovered: {
    kind: "waiver_recovery",
    reason: () => "return",
    detail: ({ returns }) => ({ origins: returns.map(lotAmount) }),
    amount,
    postings: recovery,
    claims: ({ amount }) => -amount,
    takes,
  },
  BurnReversed: {
    operation: "reverse",
    kind: "burn_reversal",
    reason: ({ reason }) => reason,
    detail: ({ origin, restored, replacements }) => ({
      burn: origin,
      restored: restored.map(lotAmount),
      replaced: replacements.map((lot) => [lot.no, String(lot.amount), lot.replaces]),
    }),
    amount,
    debits: redeemed,
    credits: OUTSTANDING,
    begins: { kind: "replacement", lots: ({ replacements }) => replacements },
    restores: ({ restored }) => restored,
    deadline: { at: deadline, unsaid: "unchanged" },
  },
  TransferOut: {
    operation: "transfer",
    kind: "transfer_out",
    reason: () => "transfer",
    detail: ({ transfer, to }) => ({ transfer, counterparty: to }),
    amount,
    debits: OUTSTANDING,
    credits: TRANSFER_CLEARING,
    takes,
  },
  TransferIn: {
    kind: "transfer_in",
    reason: () => "transfer",
    detail: ({ transfer, from }) => ({ transfer, counterparty: from }),
    amount,
    debits: TRANSFER_CLEARING,
    credits: OUTSTANDING,
    begins: { kind: "transfer", lots: ({ lots }) => lots },
    deadline: { at: deadline, unsaid: "unchanged" },
  },
  TransferInRefused: {
    kind: "transfer_in_refused",
    reason: ({ refusal }) => refusal,
    detail: ({ transfer, from }) => ({ transfer, counterparty: from }),
    amount,
  },
  TransferReturned: {
    kind: "transfer_returned",
    reason: ({ refusal }) => refusal,
    detail: ({ transfer, restored }) => ({ transfer, restored: restored.map(lotAmount) }),
    amount,
    debits: TRANSFER_CLEARING,
    credits: OUTSTANDING,
    restores: ({ restored }) => restored,
  },
  AdjustmentRequested: {
    operation: "adjust",
    kind: "adjustment_requested",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    asks: itself,
  },
  AdjustmentRejected: {
    operation: "reject",
    kind: "adjustment_rejected",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    closes: { how: "rejected", adjustment, by: ({ rejectedBy }) => rejectedBy },
  },
  AdjustmentWithdrawn: {
    operation: "withdraw",
    kind: "adjustment_withdrawn",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    closes: { how: "withdrawn", adjustment, by: ({ requestedBy }) => requestedBy },
  },
  AdjustmentLapsed: {
    kind: "adjustment_lapsed",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    closes: { how: "lapsed", adjustment },
  },
  AdjustmentCredited: {
    operation: adjustedOrApproved,
    kind: "adjustment_credit",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount: ({ lot }) => lot.amount,
    debits: adjusted,
    credits: OUTSTANDING,
    begins: { kind: "adjustment", lots: ({ lot }) => [lot] },
    closes: { how: "approved", adjustment, by: ({ approvedBy }) => approvedBy },
    deadline: { at: deadline, unsaid: "unchanged" },
    activity: byHand,
  },
  AdjustmentDebited: {
    operation: adjustedOrApproved,
    kind: "adjustment_debit",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    debits: OUTSTANDING,
    credits: adjusted,
    takes,
    closes: { how: "approved", adjustment, by: ({ approvedBy }) => approvedBy },
    activity: byHand,
  },
  DebtWrittenOff: {
    operation: adjustedOrApproved,
    kind: "write_off",
    reason: ({ reason }) => reason,
    detail: ofAdjustment,
    amount,
    debits: adjusted,
    credits: DEBT,
    closes: { how: "approved", adjustment, by: ({ approvedBy }) => approvedBy },
    activity: byHand,
  },
};

/** Of one shape, so that whoever reads all types' effects reads them as fast as one's. */
const byType = uniform(effects);

/** What an event does, for use with that event alone: its views are those of the event's type. */
export function effectOf(event: AccountEvent): Effect<AccountEvent> {
  return byType[event.type] as Effect<AccountEvent>;
}

function uniform<T extends object>(rows: T): T {
  const parts = Object.keys(Object.assign({}, ...Object.values(rows)));
  const absent = Object.fromEntries(parts.map((part) => [part, undefined]));
  return Object.fromEntries(Object.entries(rows).map(([type, row]) => [type, { ...absent, ...row }])) as T;
}

/** The caller's operation that an event comes of; of any other, its type. */
export function operationOf(event: AccountEvent): string {
  const { operation = event.type } = effectOf(event);
  return typeof operation === "string" ? operation : operation(event);
}

function itself<E>(event: E): E {
  return event;
}

function amount(event: { readonly amount: bigint }): bigint {
  return event.amount;
}

function takes(event: { readonly takes: readonly LotPart[] }): readonly LotPart[] {
  return event.takes;
}

function deadline(event: { readonly deadline?: Instant }): Instant | undefined {
  return event.deadline;
}

function adjustment(event: { readonly adjustment?: number }): number | undefined {
  return event.adjustment;
}

function ofHold({ hold }: { readonly hold: number }) {
  return { hold };
}

function ofAdjustment(event: { readonly adjustment?: number }) {
  return event.adjustment === undefined ? NO_DETAIL : { adjustment: event.adjustment };
}

function issuance(source: string, unreferenced: boolean): string {
  return `issuance:${source}${unreferenced ? ":unreferenced_returns" : ""}`;
}

function redeemed({ redemption }: { readonly redemption: string }): string {
  return `redemption:${redemption}`;
}

function adjusted({ reason }: { readonly reason: string }): string {
  return `adjustment:${reason}`;
}

function adjustedOrApproved(event: { readonly adjustment?: number }) {
  return event.adjustment === undefined ? "adjust" : "approve";
}

function byHand({ approvedBy }: { readonly approvedBy?: string }) {
  return approvedBy === undefined ? "adjusted" : undefined;
}

function reversal(event: AccountEvent<"EarnReversed">): readonly Posting[] {
  const { takes: taken, debt, issuance: issued, unreferenced, origins } = event;
  return [
    { account: OUTSTANDING, amount: sum(taken) },
    { account: DEBT, amount: debt },
    ...issued.map((part) => ({ account: issuance(part.source, unreferenced), amount: -part.amount })),
    { account: WAIVED, amount: waived(origins) },
    { account: WAIVED_CLAIMS, amount: -waived(origins) },
  ].filter((posting) => posting.amount !== 0n);
}

function recovery({ amount: taken, returns }: AccountEvent<"WaiverRecovered">): readonly Posting[] {
  return [
    { account: OUTSTANDING, amount: taken },
    ...returns.map((paid) => ({ account: issuance(paid.source, paid.unreferenced), amount: -paid.amount })),
    { account: WAIVED_CLAIMS, amount: taken },
    { account: WAIVED, amount: -taken },
  ];
}

function waived(origins: readonly { readonly waived: bigint }[]): bigint {
  return origins.reduce((all, origin) => all + origin.waived, 0n);
}

function lotAmount({ lot, amount }: { readonly lot: number; readonly amount: bigint }): LotAmount {
  return [lot, String(amount)];
}
