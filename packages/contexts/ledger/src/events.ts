import {
  amount,
  type Category,
  choice,
  defineEvents,
  type EventIn,
  flag,
  instant,
  integer,
  list,
  optional,
  record,
  streamOf,
  text,
  UNIQUE,
} from "@taem/schema";
import { commanded, common, earnBasis, key, lotPart, newLot, replacementLot } from "./event-fields.ts";
import { accountHistories } from "./event-history.ts";

/**
 * Events of one account = (programme, member, currency). Every event names what it did to which lots, and carries
 * what a reader would otherwise have to look up. Amounts are minor units of the account's currency.
 */

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

const descriptions = {
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

export const accountEvents = defineEvents(descriptions, accountHistories);

export type AccountEventType = keyof typeof descriptions;

/** One account event, by its type; without a type argument, any of them. */
export type AccountEvent<T extends AccountEventType = AccountEventType> = EventIn<typeof descriptions, T>;

export type LotPart = { readonly lot: number; readonly amount: bigint; readonly vintage: string };
export type NewLot = AccountEvent<"PointsEarned">["lot"];
export type EarnBasis = NonNullable<AccountEvent<"PointsEarned">["basis"]>;

/** An account's stream begins and ends with its member. */
export const account: Category<AccountEvent> = { name: "account", owner: "member", events: accountEvents };

export function accountStream(member: string, currencyNo: number): string {
  return streamOf(account, member, currencyNo);
}

const keyDescriptions = {
  /** A business key with programme scope now belongs to one account. */
  KeyReserved: { programme: text, member: text, currency: text },
} as const;

export type KeyReserved = EventIn<typeof keyDescriptions>;

export const keyReservations: Category<KeyReserved> = { ...UNIQUE, events: defineEvents(keyDescriptions) };
