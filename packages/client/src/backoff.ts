import { setTimeout as delay } from "node:timers/promises";

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/** Waits between repetitions: doubling, with full jitter so that callers do not come back together, at least as long as the API asked. */
export class Backoff {
  #attempt = 0;

  /** Rejects when the signal aborts. */
  async wait(atLeast: number | undefined, signal?: AbortSignal): Promise<void> {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    await delay(Math.max(atLeast ?? 0, Math.random() * ceiling), undefined, signal && { signal });
  }

  /** After progress the next wait is short again. */
  reset(): void {
    this.#attempt = 0;
  }
}
