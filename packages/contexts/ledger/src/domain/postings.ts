import type { AccountEvent } from "../events.ts";

/**
 * The double-entry reading of the log. Every event maps to postings that sum to zero in its currency; positive is a
 * debit, negative a credit. `outstanding` is the liability: what members hold.
 *
 * | account | what it is |
 * | --- | --- |
 * | outstanding | points owed to members (credit balance) |
 * | debt | points members owe back (debit balance), never netted against outstanding |
 * | issuance:SOURCE | earned, by source system, less returns that name their sale |
 * | issuance:SOURCE:unreferenced_returns | taken back by returns that name no sale |
 * | redemption:KIND | burned and captured, less what was given back |
 * | expired | died unspent |
 * | clearing:transfer | between the two legs of transfers; zero when none is in flight |
 * | adjustment:REASON | manual credits, debits and write-offs |
 * | waived, waived:claims | a memorandum pair, which moves no points: what returns have left with members, less what was taken when it came back |
 */
export interface Posting {
  readonly account: string;
  /** Minor units; positive = debit, negative = credit. */
  readonly amount: bigint;
}

export const OUTSTANDING = "outstanding";
export const DEBT = "debt";
export const EXPIRED = "expired";
export const TRANSFER_CLEARING = "clearing:transfer";
export const WAIVED = "waived";
export const WAIVED_CLAIMS = "waived:claims";

export function postingsOf(event: AccountEvent): readonly Posting[] {
  switch (event.type) {
    case "PointsEarned":
      return entry(`issuance:${event.key.system}`, OUTSTANDING, event.lot.amount);
    case "PointsBurned":
    case "HoldCaptured":
      return entry(OUTSTANDING, `redemption:${event.redemption}`, event.amount);
    case "BurnReversed":
      return entry(`redemption:${event.redemption}`, OUTSTANDING, event.amount);
    case "PointsExpired":
      return entry(OUTSTANDING, EXPIRED, event.amount);
    case "DebtRepaid":
      return entry(OUTSTANDING, DEBT, event.amount);
    case "EarnReversed":
      return reversal(event);
    case "WaiverRecovered":
      return [
        { account: OUTSTANDING, amount: event.amount },
        ...event.returns.map(({ source, unreferenced, amount }) => ({
          account: issuanceOf(source, unreferenced),
          amount: -amount,
        })),
        ...entry(WAIVED_CLAIMS, WAIVED, event.amount),
      ];
    case "TransferOut":
      return entry(OUTSTANDING, TRANSFER_CLEARING, event.amount);
    case "TransferIn":
    case "TransferReturned":
      return entry(TRANSFER_CLEARING, OUTSTANDING, event.amount);
    case "AdjustmentCredited":
      return entry(`adjustment:${event.reason}`, OUTSTANDING, event.lot.amount);
    case "AdjustmentDebited":
      return entry(OUTSTANDING, `adjustment:${event.reason}`, event.amount);
    case "DebtWrittenOff":
      return entry(`adjustment:${event.reason}`, DEBT, event.amount);
    case "HoldPlaced":
    case "HoldVoided":
    case "HoldTimedOut":
    case "TransferInRefused":
    case "AdjustmentRequested":
    case "AdjustmentRejected":
    case "AdjustmentWithdrawn":
    case "AdjustmentLapsed":
      return [];
    default:
      event satisfies never;
      throw new Error(`no postings are defined for ${(event as { type: string }).type}`);
  }
}

function entry(debit: string, credit: string, amount: bigint): readonly Posting[] {
  if (amount === 0n) return [];
  return [
    { account: debit, amount },
    { account: credit, amount: -amount },
  ];
}

function issuanceOf(source: string, unreferenced: boolean): string {
  return `issuance:${source}${unreferenced ? ":unreferenced_returns" : ""}`;
}

function reversal(event: AccountEvent<"EarnReversed">): readonly Posting[] {
  const taken = event.takes.reduce((sum, take) => sum + take.amount, 0n);
  const waived = event.origins.reduce((sum, origin) => sum + origin.waived, 0n);
  return [
    { account: OUTSTANDING, amount: taken },
    { account: DEBT, amount: event.debt },
    ...event.issuance.map(({ source, amount }) => ({
      account: issuanceOf(source, event.unreferenced),
      amount: -amount,
    })),
    ...entry(WAIVED, WAIVED_CLAIMS, waived),
  ].filter((posting) => posting.amount !== 0n);
}
