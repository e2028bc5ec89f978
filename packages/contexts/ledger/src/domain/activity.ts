import type { AccountEvent } from "../events.ts";
import type { Activity } from "./effect.ts";
import { effectOf } from "./effects.ts";

export const NO_ACTIVITY: Activity = { earned: 0n, adjusted: 0n };

/** What an event adds to the activity of the client that asked for it. */
export function activityIn(event: AccountEvent): Activity {
  const { activity, amount } = effectOf(event);
  const kind = activity?.(event);
  if (kind === undefined) return NO_ACTIVITY;
  return kind === "earned"
    ? { earned: amount(event), adjusted: 0n }
    : { earned: 0n, adjusted: amount(event) };
}

export function sumOfActivity(one: Activity, other: Activity): Activity {
  return { earned: one.earned + other.earned, adjusted: one.adjusted + other.adjusted };
}
