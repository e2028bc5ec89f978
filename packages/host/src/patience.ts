import { Pauses, unlessAborted } from "@taem/event-store";
import type { Logger } from "@taem/runtime";
import { NotThereYet, unavailabilityOf } from "./start-fault.ts";

interface PatienceOptions {
  /** How long servers that are not there yet are waited for, in milliseconds. */
  readonly limitMs: number;
  /** Ends the waiting at once, whatever is under way. */
  readonly signal?: AbortSignal;
  readonly logger: Logger;
}

const SAY_EVERY_MS = 5_000;

/**
 * Begins something that stands on servers which may still be starting, over and over until they are there, and says whom it
 * waits for. Rejects with what `begin` rejects with where waiting is of no use, or has been for the whole of the limit; with the
 * signal's reason where that aborts: what had begun by then is unheard of, so it must hold nothing that outlives the process.
 */
export async function whenThere<T>(
  begin: () => Promise<T>,
  { limitMs, signal = new AbortController().signal, logger }: PatienceOptions,
): Promise<T> {
  const until = performance.now() + limitMs;
  let sayAt = Number.NEGATIVE_INFINITY;
  for (const pauses = new Pauses(); ; await pauses.take(signal)) {
    try {
      signal.throwIfAborted();
      return await unlessAborted(begin(), signal);
    } catch (error) {
      const missing = unavailabilityOf(error);
      const now = performance.now();
      if (signal.aborted || !(missing instanceof NotThereYet) || now >= until) throw error;
      if (now < sayAt) continue;
      sayAt = now + SAY_EVERY_MS;
      const secondsLeft = Math.ceil((until - now) / 1_000);
      logger.warn({ reason: missing.message, secondsLeft }, `waiting for ${missing.server}`);
    }
  }
}
