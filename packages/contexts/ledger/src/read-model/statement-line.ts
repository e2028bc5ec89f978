import type { BusinessKey } from "@taem/kernel";
import type { StatementKind } from "../api/account-queries.ts";
import type { AccountEvent } from "../events.ts";

/** What an event means to the member and to an auditor: one line for each. */
export interface StatementLine {
  readonly kind: StatementKind;
  /** Reason code, redemption kind or cause: why it happened. */
  readonly reason: string;
  /** Points that the event is about. */
  readonly amount: bigint;
  /** Change of the book balance. */
  readonly delta: bigint;
  /** Change of the debt. */
  readonly debt: bigint;
  /** Book balance after it. */
  readonly book: bigint;
  /** The command's business key; what time alone did has none. */
  readonly key: BusinessKey | undefined;
  /** The lot that an earn began; 0 = it is no earn. */
  readonly lot: number;
  readonly detail: LineDetail;
}

/** A lot's number and an amount of minor units. */
export type LotAmount = readonly [lot: number, amount: string];

/** What else a line is about, as far as its event says; kept as JSON. */
export interface LineDetail {
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

type Meaning = Omit<StatementLine, "book" | "key" | "debt" | "lot" | "detail"> & { readonly debt?: bigint };

export function statementLine(event: AccountEvent): StatementLine {
  const { kind, reason, amount, delta, debt = 0n } = meaning(event);
  const key = "key" in event ? event.key : undefined;
  const lot = event.type === "PointsEarned" ? event.lot.no : 0;
  return { kind, reason, amount, delta, debt, book: event.book, key, lot, detail: detailOf(event) };
}

function detailOf(event: AccountEvent): LineDetail {
  switch (event.type) {
    case "PointsEarned":
      return event.basis === undefined ? {} : { rule: event.basis.rule, version: event.basis.version };
    case "HoldPlaced":
    case "HoldCaptured":
    case "HoldVoided":
    case "HoldTimedOut":
      return { hold: event.hold };
    case "EarnReversed": {
      const waived = event.origins.reduce((sum, origin) => sum + origin.waived, 0n);
      return { origins: lotAmounts(event.origins), ...(waived > 0n ? { waived: String(waived) } : {}) };
    }
    case "WaiverRecovered":
      return { origins: lotAmounts(event.returns) };
    case "BurnReversed":
      return {
        burn: event.origin,
        restored: lotAmounts(event.restored),
        replaced: event.replacements.map(({ no, amount, replaces }) => [no, String(amount), replaces]),
      };
    case "TransferOut":
      return { transfer: event.transfer, counterparty: event.to };
    case "TransferIn":
    case "TransferInRefused":
      return { transfer: event.transfer, counterparty: event.from };
    case "TransferReturned":
      return { transfer: event.transfer, restored: lotAmounts(event.restored) };
    default:
      return "adjustment" in event && event.adjustment !== undefined ? { adjustment: event.adjustment } : {};
  }
}

function lotAmounts(parts: readonly { readonly lot: number; readonly amount: bigint }[]): LotAmount[] {
  return parts.map(({ lot, amount }) => [lot, String(amount)]);
}

function meaning(event: AccountEvent): Meaning {
  switch (event.type) {
    case "PointsEarned":
      return gain("earn", event.reason, event.lot.amount);
    case "PointsBurned":
      return loss("burn", event.redemption, event.amount);
    case "HoldPlaced":
      return neutral("hold", event.redemption, event.amount);
    case "HoldCaptured":
      return loss("capture", event.redemption, event.amount);
    case "HoldVoided":
      return neutral("void", "voided", total(event.released));
    case "HoldTimedOut":
      return neutral("hold_timeout", "timed_out", total(event.released));
    case "PointsExpired":
      return loss("expiry", event.cause, event.amount);
    case "DebtRepaid":
      return { ...loss("debt_repayment", "debt", event.amount), debt: -event.amount };
    case "EarnReversed": {
      const taken = total(event.takes);
      return {
        kind: "earn_reversal",
        reason: event.reason,
        amount: event.amount,
        delta: -taken,
        debt: event.debt,
      };
    }
    case "WaiverRecovered":
      return loss("waiver_recovery", "return", event.amount);
    case "BurnReversed":
      return gain("burn_reversal", event.reason, event.amount);
    case "TransferOut":
      return loss("transfer_out", "transfer", event.amount);
    case "TransferIn":
      return gain("transfer_in", "transfer", event.amount);
    case "TransferInRefused":
      return neutral("transfer_in_refused", event.refusal, event.amount);
    case "TransferReturned":
      return gain("transfer_returned", event.refusal, event.amount);
    case "AdjustmentRequested":
      return neutral("adjustment_requested", event.reason, event.amount);
    case "AdjustmentRejected":
      return neutral("adjustment_rejected", event.reason, event.amount);
    case "AdjustmentWithdrawn":
      return neutral("adjustment_withdrawn", event.reason, event.amount);
    case "AdjustmentLapsed":
      return neutral("adjustment_lapsed", event.reason, event.amount);
    case "AdjustmentCredited":
      return gain("adjustment_credit", event.reason, event.lot.amount);
    case "AdjustmentDebited":
      return loss("adjustment_debit", event.reason, event.amount);
    case "DebtWrittenOff":
      return { ...neutral("write_off", event.reason, event.amount), debt: -event.amount };
    default:
      event satisfies never;
      throw new Error(`no statement line is defined for ${(event as { type: string }).type}`);
  }
}

function gain(kind: StatementKind, reason: string, amount: bigint): Meaning {
  return { kind, reason, amount, delta: amount };
}

function loss(kind: StatementKind, reason: string, amount: bigint): Meaning {
  return { kind, reason, amount, delta: -amount };
}

function neutral(kind: StatementKind, reason: string, amount: bigint): Meaning {
  return { kind, reason, amount, delta: 0n };
}

function total(parts: readonly { readonly amount: bigint }[]): bigint {
  return parts.reduce((sum, { amount }) => sum + amount, 0n);
}
