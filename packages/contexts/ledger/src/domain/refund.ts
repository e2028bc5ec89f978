import type { AccountEvent, LotPart } from "../events.ts";

/**
 * What a refunded burn led to, from the log alone. Only what is due by now expires, and what was due before a refund has
 * expired before it: so an expiry after it that is due by the refund's clock was made with it, and any other by time since.
 */

/**
 * Whether an event that follows a refund's own, and those between, may have been made with it. A refund of the first version,
 * which names no clock, is judged by its effective time.
 */
export function isOfRefund(
  { decidedAt, effectiveAt }: AccountEvent<"BurnReversed">,
  event: AccountEvent,
): boolean {
  switch (event.type) {
    case "WaiverRecovered":
    case "DebtRepaid":
      return true;
    case "PointsExpired":
      return event.occurredAt <= (decidedAt ?? effectiveAt);
    default:
      return false;
  }
}

/** What of a refund expired at once, its lots being dead by then, from the events that were made with it. */
export function expiredAtOnce(after: readonly AccountEvent[]): LotPart[] {
  return after.flatMap((event) => (event.type === "PointsExpired" ? event.takes : []));
}
