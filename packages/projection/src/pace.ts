import { setTimeout as delay } from "node:timers/promises";
import { within } from "./one-ahead.ts";

/**
 * A batch costs its round trips however small it is: with a hundred a second they would cost more than the events. So
 * small batches begin this far apart, and closer where somebody waits for one.
 */
const PACE_MS = 100;
const IMPATIENT_MS = 10;

/** Holds back the next batch for a while, in which more events gather. */
export class Pace {
  #hurried = Promise.withResolvers<void>();

  /** Somebody waits for what the next batch will bring. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /** Resolves when the next batch may begin, after one that began at `began` (of `performance.now`). */
  async rest(began: number): Promise<void> {
    const left = (ms: number) => Math.max(0, began + ms - performance.now());
    await delay(left(IMPATIENT_MS));
    await within(left(PACE_MS), this.#hurried.promise);
    this.#hurried = Promise.withResolvers();
  }
}
