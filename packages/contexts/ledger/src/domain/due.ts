import type { Instant } from "@taem/kernel";
import type { AccountEvent } from "../events.ts";
import type { AccountState } from "./account-state.ts";
import { effectOf } from "./effects.ts";

/**
 * The instants at which an event makes its account change by time alone: lots that become available (and may repay
 * debt) or die, holds that time out, the inactivity deadline, adjustments that lapse. More than needed is harmless, a sweep finds nothing due.
 */
export function dueInstants(event: AccountEvent): readonly Instant[] {
  const { begins, places, asks, deadline } = effectOf(event);
  const instants: Instant[] = [];
  for (const { availableFrom, expiresAt } of begins?.lots(event) ?? []) {
    if (availableFrom > event.effectiveAt) instants.push(availableFrom);
    if (expiresAt !== undefined) instants.push(expiresAt);
  }
  for (const end of [places?.(event).timeoutAt, asks?.(event).expiresAt, deadline?.at(event)]) {
    if (end !== undefined) instants.push(end);
  }
  return instants;
}

/**
 * Whether what is decided on a state may make something due at once. Spares the common cases a draft: without debt, only
 * what comes back to its lots, or is over on arrival, does.
 */
export function mayMakeDue(events: readonly AccountEvent[], state: AccountState, now: Instant): boolean {
  if (state.debt > 0n) return true;
  const isOver = (end: Instant | undefined) => end !== undefined && end <= now;
  return events.some((event) => {
    const { begins, restores, owes, places, ends, deadline } = effectOf(event);
    if (restores !== undefined || ends !== undefined || owes !== undefined) return true;
    if (isOver(places?.(event).timeoutAt)) return true;
    if (begins?.lots(event).some(({ expiresAt }) => isOver(expiresAt)) === true) return true;
    if (deadline === undefined) return false;
    return isOver(deadline.at(event) ?? (deadline.unsaid === "never" ? undefined : state.deadline));
  });
}
