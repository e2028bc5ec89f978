import type { AccountEvent, NewLot } from "../events.ts";

/**
 * The instants at which an event makes its account change by time alone: lots that become available (and may repay
 * debt) or die, holds that time out, the inactivity deadline, adjustments that lapse. More than needed is harmless, a sweep finds nothing due.
 */
export function dueInstants(event: AccountEvent): readonly number[] {
  switch (event.type) {
    case "PointsEarned":
    case "AdjustmentCredited":
      return [...lotInstants(event.lot, event.effectiveAt), ...optional(event.deadline)];
    case "TransferIn":
      return [
        ...event.lots.flatMap((lot) => lotInstants(lot, event.effectiveAt)),
        ...optional(event.deadline),
      ];
    case "BurnReversed":
      return [
        ...event.replacements.flatMap((lot) => lotInstants(lot, event.effectiveAt)),
        ...optional(event.deadline),
      ];
    case "HoldPlaced":
      return [event.timeoutAt];
    case "AdjustmentRequested":
      return optional(event.expiresAt);
    case "PointsBurned":
    case "HoldCaptured":
      return optional(event.deadline);
    default:
      return [];
  }
}

function lotInstants({ availableFrom, expiresAt }: NewLot, effectiveAt: number): number[] {
  return availableFrom > effectiveAt ? [availableFrom, ...optional(expiresAt)] : optional(expiresAt);
}

function optional(instant: number | undefined): number[] {
  return instant === undefined ? [] : [instant];
}
