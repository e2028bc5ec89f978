import type { AccountEvent } from "../events.ts";

/** What one client does to the accounts of a programme by itself, in minor units of a currency. */
export interface Activity {
  /** Points given, for sales and as opening balances. */
  readonly earned: bigint;
  /** Points credited, debited and written off by hand, without a second principal. */
  readonly adjusted: bigint;
}

export const NO_ACTIVITY: Activity = { earned: 0n, adjusted: 0n };

/** What an event adds to the activity of the client that asked for it. */
export function activityIn(event: AccountEvent): Activity {
  switch (event.type) {
    case "PointsEarned":
      return { earned: event.lot.amount, adjusted: 0n };
    case "AdjustmentCredited":
      return byHand(event, event.lot.amount);
    case "AdjustmentDebited":
    case "DebtWrittenOff":
      return byHand(event, event.amount);
    default:
      return NO_ACTIVITY;
  }
}

function byHand({ approvedBy }: { readonly approvedBy?: string | undefined }, adjusted: bigint): Activity {
  return approvedBy === undefined ? { earned: 0n, adjusted } : NO_ACTIVITY;
}

export function sumOfActivity(one: Activity, other: Activity): Activity {
  return { earned: one.earned + other.earned, adjusted: one.adjusted + other.adjusted };
}
