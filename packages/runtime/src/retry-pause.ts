import { setTimeout as delay } from "node:timers/promises";

const FIRST_MS = 100;
const LAST_MS = 5_000;

/** Failures in a row that nobody need be warned of: what comes and goes as servers start is over by then. */
export const QUIET_FAILURES = 2;

/**
 * Waits before the next attempt, twice as long after each failure, up to `lastMs`; `failures` came before this one. Ends when
 * aborted.
 */
export async function retryPause(failures: number, signal: AbortSignal, lastMs = LAST_MS): Promise<void> {
  const ms = Math.min(lastMs, FIRST_MS * 2 ** Math.min(failures, 10));
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
