import { setTimeout as delay } from "node:timers/promises";
import { within } from "./one-ahead.ts";

/**
 * A batch costs its round trips and its accounts' rows however few its events are: the more events gather, the less
 * each costs. So small batches begin this far apart, and further where they take long; closer where somebody waits.
 */
const PACE_MS = 100;
const LONGEST_PACE_MS = 400;
/** A batch takes at most this part of the time: the rest is for those who write. */
const SHARE = 1 / 4;
const IMPATIENT_MS = 10;

/** Holds back the next batch for a while, in which more events gather. */
export class Pace {
  #hurried = Promise.withResolvers<void>();

  /** Somebody waits for what the next batch will bring. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /** Resolves when the next batch may begin, after one that began at `began` (of `performance.now`) and has ended now. */
  async rest(began: number): Promise<void> {
    const left = (ms: number) => Math.max(0, began + ms - performance.now());
    const took = performance.now() - began;
    const pace = Math.min(LONGEST_PACE_MS, Math.max(PACE_MS, took / SHARE));
    await delay(left(IMPATIENT_MS));
    await within(left(pace), this.#hurried.promise);
    this.#hurried = Promise.withResolvers();
  }
}
