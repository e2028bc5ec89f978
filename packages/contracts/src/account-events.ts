import {
  amount,
  choice,
  flag,
  type InferFields,
  instant,
  integer,
  list,
  named,
  optional,
  record,
  text,
} from "./schema.ts";

/**
 * Events of one account = (programme, member, currency). Every event names what it did to which lots, and carries
 * what a reader would otherwise have to look up. Amounts are minor units of the account's currency.
 */

export const key = named("Key", { system: text, id: text, leg: text });

/** A part of a lot. `vintage` is the local month (`2026-11`) in which the points were first earned. */
export const lotPart = named("LotPart", { lot: integer, amount, vintage: text });

const lotFields = {
  no: integer,
  amount,
  availableFrom: instant,
  expiresAt: optional(instant),
  /** When the points were first earned; kept through transfers. */
  earnedAt: instant,
  vintage: text,
} as const;

/**
 * A lot as it begins. Available at t iff availableFrom <= t < expiresAt; no expiresAt = never expires. A lot whose
 * availableFrom is not after its event's effectiveAt is available with the event, whatever a reader's clock says.
 */
export const newLot = named("NewLot", lotFields);

/** A lot that stands in for a dead one; `replaces` is the lot that was first, also where a replacement died. */
export const replacementLot = named("ReplacementLot", { ...lotFields, replaces: integer });

export const fraction = named("Fraction", { numerator: amount, denominator: amount });

/** On every account event. */
const common = {
  programme: text,
  member: text,
  currency: text,
  /** Business time. */
  occurredAt: instant,
  /** When it counts: the latest of occurredAt, of what it touches, and of the start of the open period. */
  effectiveAt: instant,
  /** Book balance (sum of the lots) after this event. */
  book: amount,
} as const;

/** On every event that a caller's command made. A large effect is several events, numbered from 1. */
export const commanded = {
  ...common,
  key,
  fingerprint: text,
  part: optional(named("Part", { index: integer, count: integer })),
} as const;

/** Which rule version made the points of an earn, from what, and what limited it. */
export const earnBasis = named("EarnBasis", {
  rule: text,
  version: integer,
  spend: amount,
  money: text,
  /** What rounding left, below one minor unit: exact. */
  fraction,
  limitedBy: optional(choice("minimum", "order_cap", "day_cap")),
  /** Local day whose cap this earn used, e.g. `2026-11-22`. */
  capDay: optional(text),
});

/** What was asked for and waits for a second principal; `adjustment` is its ordinal in the account. */
const asked = {
  adjustment: integer,
  direction: choice("credit", "debit", "write_off"),
  amount,
  reason: text,
  requestedBy: text,
} as const;

/** True where the programme is run single-handed: no second principal had to approve what otherwise needs one. */
const singleHanded = optional(flag);

export const accountEvents = {
  PointsEarned: {
    ...commanded,
    lot: newLot,
    basis: optional(earnBasis),
    reason: text,
    /** The account's inactivity deadline from now on, where its currency has one. */
    deadline: optional(instant),
  },
  PointsBurned: {
    ...commanded,
    amount,
    takes: list(lotPart),
    /** Redemption kind, e.g. `reward`. */
    redemption: text,
    deadline: optional(instant),
  },
  HoldPlaced: {
    ...commanded,
    hold: integer,
    amount,
    takes: list(lotPart),
    /** When the hold ends by itself. */
    timeoutAt: instant,
    redemption: text,
  },
  HoldCaptured: {
    ...commanded,
    hold: integer,
    amount,
    takes: list(lotPart),
    released: list(lotPart),
    redemption: text,
    deadline: optional(instant),
  },
  HoldVoided: { ...commanded, hold: integer, released: list(lotPart) },
  HoldTimedOut: { ...common, part: commanded.part, hold: integer, released: list(lotPart) },
  PointsExpired: {
    ...common,
    amount,
    takes: list(lotPart),
    /** The last local day on which the lots were valid. */
    accountingDate: text,
    cause: choice("term", "inactivity"),
  },
  /** A credit that became available repaid debt: the points are used up, the debt is smaller. */
  DebtRepaid: { ...common, amount, takes: list(lotPart) },
  /** A sale came back. Per origin lot, `amount` = own + restored + spent + expired. */
  EarnReversed: {
    ...commanded,
    amount,
    origins: list(
      record({
        lot: integer,
        amount,
        /** Taken from what was left of the lot itself. */
        own: amount,
        /** Had repaid debt: that debt is restored. */
        restored: amount,
        /** Had been spent, moved or held: recovered from other lots, as debt, or waived, by policy. */
        spent: amount,
        /** Of `spent`, what was not recovered. */
        waived: amount,
        /** Number of the waiver, where what was waived is taken when it comes back; else it is given up for good. */
        waiver: optional(integer),
        /** Had expired: neither recovered nor owed. */
        expired: amount,
      }),
    ),
    takes: list(lotPart),
    debt: amount,
    policy: choice("only_pending", "within_balance", "unlimited"),
    /** Sources of the reversed earns, for the issuance account, and how much of takes + debt falls to each. */
    issuance: list(record({ source: text, amount })),
    /** True for a return that names no sale: reversed newest earn first. */
    unreferenced: flag,
    /** What an unreferenced return asked for beyond everything ever earned. */
    unmatched: amount,
    refund: optional(record({ spend: amount, cumulative: amount, eligible: amount })),
    reason: text,
  },
  /** Points that a return had waived, as they were held or spent then, came back and are taken after all. */
  WaiverRecovered: {
    ...common,
    amount,
    takes: list(lotPart),
    /** Which waivers they pay: number, and of the return that made it the sale's lot and its source. */
    returns: list(record({ waiver: integer, lot: integer, source: text, unreferenced: flag, amount })),
  },
  /** A burn was refunded: points go back to the lots they came from; replacements stand in for dead ones. */
  BurnReversed: {
    ...commanded,
    /** Revision of the (first part of the) burn that is given back. */
    origin: integer,
    amount,
    restored: list(lotPart),
    replacements: list(replacementLot),
    redemption: text,
    reason: text,
    /** Set where the account's inactivity deadline would kill the replacements before their time. */
    deadline: optional(instant),
    /** The business clock as it was decided: what had died by then expired at once. */
    decidedAt: optional(instant),
  },
  TransferOut: {
    ...commanded,
    transfer: text,
    to: text,
    amount,
    takes: list(lotPart),
    /** The lots the target receives, numbered by their place in the plan. */
    plan: list(newLot),
  },
  TransferIn: {
    ...common,
    transfer: text,
    from: text,
    amount,
    lots: list(newLot),
    part: commanded.part,
    key,
    /** Set where the account has no inactivity deadline to come. */
    deadline: optional(instant),
  },
  TransferInRefused: { ...common, transfer: text, from: text, amount, refusal: text, key },
  TransferReturned: {
    ...common,
    transfer: text,
    amount,
    restored: list(lotPart),
    refusal: text,
    part: commanded.part,
    key,
  },
  AdjustmentRequested: {
    ...commanded,
    ...asked,
    /** When it lapses unless it was closed before; absent = never. */
    expiresAt: optional(instant),
    /** Why it needs a second principal; absent = it was not recorded. */
    because: optional(choice("limit", "ceiling", "write_off")),
  },
  /** A second principal turned it down. */
  AdjustmentRejected: { ...commanded, ...asked, rejectedBy: text },
  /** Who asked for it took it back. */
  AdjustmentWithdrawn: { ...commanded, ...asked },
  /** Nobody decided on it in time. */
  AdjustmentLapsed: { ...common, ...asked },
  AdjustmentCredited: {
    ...commanded,
    adjustment: optional(integer),
    lot: newLot,
    reason: text,
    requestedBy: text,
    approvedBy: optional(text),
    /** Set where the account has no inactivity deadline to come. */
    deadline: optional(instant),
    singleHanded,
  },
  AdjustmentDebited: {
    ...commanded,
    adjustment: optional(integer),
    amount,
    takes: list(lotPart),
    reason: text,
    requestedBy: text,
    approvedBy: optional(text),
    singleHanded,
  },
  DebtWrittenOff: {
    ...commanded,
    adjustment: optional(integer),
    amount,
    reason: text,
    requestedBy: text,
    approvedBy: optional(text),
    singleHanded,
  },
} as const;

export type AccountEventType = keyof typeof accountEvents;

type Body<T extends AccountEventType> = InferFields<(typeof accountEvents)[T]>;

/** One account event, by its type; without a type argument, any of them. */
export type AccountEvent<T extends AccountEventType = AccountEventType> = {
  [K in T]: { readonly type: K } & Body<K>;
}[T];

export type LotPart = { readonly lot: number; readonly amount: bigint; readonly vintage: string };
export type NewLot = AccountEvent<"PointsEarned">["lot"];
export type EarnBasis = NonNullable<AccountEvent<"PointsEarned">["basis"]>;
