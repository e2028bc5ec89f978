import type { Instant, LocalDate } from "@taem/kernel";
import type { AccountEvent, LotPart, NewLot } from "../events.ts";
import type { ClosedAdjustment, EndedHold } from "./account-state.ts";
import type { Posting } from "./chart.ts";
import type { LotKind } from "./lot.ts";

/** What a caller asks for that an event comes of. */
export type Operation =
  | "earn"
  | "burn"
  | "hold"
  | "capture"
  | "void"
  | "reverse"
  | "transfer"
  | "adjust"
  | "approve"
  | "reject"
  | "withdraw";

/** What an event is called in a statement. */
export const STATEMENT_KINDS = [
  "earn",
  "burn",
  "hold",
  "capture",
  "void",
  "hold_timeout",
  "expiry",
  "debt_repayment",
  "earn_reversal",
  "waiver_recovery",
  "burn_reversal",
  "transfer_out",
  "transfer_in",
  "transfer_in_refused",
  "transfer_returned",
  "adjustment_requested",
  "adjustment_rejected",
  "adjustment_withdrawn",
  "adjustment_lapsed",
  "adjustment_credit",
  "adjustment_debit",
  "write_off",
] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

/** A lot's number and an amount of minor units. */
export type LotAmount = readonly [lot: number, amount: string];

/** What else an event is about, as far as it says; kept as JSON with its line of the statement. */
export interface EffectDetail {
  /** Ordinals in the account. */
  readonly hold?: number;
  readonly adjustment?: number;
  readonly transfer?: string;
  /** The other member of a transfer. */
  readonly counterparty?: string;
  readonly rule?: string;
  readonly version?: number;
  /** The lots of the sales that a return is about, and how much of each it asks back. */
  readonly origins?: readonly LotAmount[];
  /** Of `origins`, what was left with the member. */
  readonly waived?: string;
  /** The line of the burn that is given back, and the lots that it went to. */
  readonly burn?: number;
  readonly restored?: readonly LotAmount[];
  /** Lots that stand in for dead ones. */
  readonly replaced?: readonly (readonly [lot: number, amount: string, replaces: number])[];
}

/** Of most events. */
export const NO_DETAIL: EffectDetail = {};

/** What one client does to the accounts of a programme by itself, in minor units of a currency. */
export interface Activity {
  /** Points given, for sales and as opening balances. */
  readonly earned: bigint;
  /** Points credited, debited and written off by hand, without a second principal. */
  readonly adjusted: bigint;
}

/**
 * What one type of event does to its account, declared: all that is derived from an event without the account's state
 * (postings, differences of rows, statement lines, due instants, a client's activity) is derived from this. Each part is
 * a view of the event; what is absent is not touched. Amounts are minor units.
 */
export interface Effect<E> {
  /** The caller's operation that it comes of; absent = time, or the other leg of a transfer. */
  readonly operation?: Operation | ((event: E) => Operation);
  readonly kind: StatementKind;
  /** Reason code, redemption kind or cause: why it happened. */
  readonly reason: (event: E) => string;
  readonly detail?: (event: E) => EffectDetail;
  /** Points that it is about, whether or not they move. */
  readonly amount: (event: E) => bigint;

  /** The ledger accounts that its amount goes to and comes from: what the account gains, loses or repays follows. */
  readonly debits?: string | ((event: E) => string);
  readonly credits?: string | ((event: E) => string);
  /** In their place where there are more than two, of which one is what it takes. */
  readonly postings?: (event: E) => readonly Posting[];
  /** Debt that it makes, a part of its postings. */
  readonly owes?: (event: E) => bigint;
  /** Change of what is taken when points come back that are out. */
  readonly claims?: (event: E) => bigint;

  readonly begins?: {
    readonly kind: LotKind;
    readonly lots: (event: E) => readonly NewLot[];
    /** Source system of an earn. */
    readonly source?: (event: E) => string;
  };
  /** Number of the lot that a sale began. */
  readonly sale?: (event: E) => number;
  readonly takes?: (event: E) => readonly LotPart[];
  readonly restores?: (event: E) => readonly LotPart[];
  /** Lots that it is about although their points stay. */
  readonly touches?: (event: E) => readonly { readonly lot: number }[];

  readonly places?: (event: E) => AccountEvent<"HoldPlaced">;
  /** What it takes besides was held. */
  readonly ends?: {
    readonly how: EndedHold["how"];
    readonly hold: (event: E) => { readonly hold: number; readonly released: readonly LotPart[] };
  };
  readonly asks?: (event: E) => AccountEvent<"AdjustmentRequested">;
  readonly closes?: {
    readonly how: ClosedAdjustment["how"];
    /** Undefined = it waited for nobody. */
    readonly adjustment: (event: E) => number | undefined;
    /** Undefined = by time alone. */
    readonly by?: (event: E) => string | undefined;
  };
  /** When the account dies for want of activity, and what it means that an event does not say. */
  readonly deadline?: {
    readonly at: (event: E) => Instant | undefined;
    readonly unsaid: "never" | "unchanged";
  };

  /** The local day that it counts on; absent = that of its `effectiveAt`. */
  readonly accountingDate?: (event: E) => LocalDate;
  /** As what its amount counts among the activity of the client that asked for it. */
  readonly activity?: (event: E) => keyof Activity | undefined;
}
