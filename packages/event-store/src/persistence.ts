import { setTimeout as delay } from "node:timers/promises";

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1_000;

/** Growing pauses between the attempts of something that passes. */
export class Pauses {
  #next = FIRST_PAUSE_MS;

  /** Resolves after the pause, or when the signal aborts. */
  async take(signal: AbortSignal): Promise<void> {
    const pause = this.#next;
    this.#next = Math.min(pause * 2, LAST_PAUSE_MS);
    await delay(pause, undefined, { signal }).catch(() => {});
  }

  reset(): void {
    this.#next = FIRST_PAUSE_MS;
  }
}

/** Rejects with the signal's reason as soon as it aborts; the work goes on unheard. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
