import { setTimeout as delay } from "node:timers/promises";
import { within } from "./one-ahead.ts";

/**
 * A batch costs its round trips and its accounts' rows however few its events are: the more events gather, the less
 * each costs. So small batches begin this far apart, and further where they take long or bring nothing; closer where
 * somebody waits.
 */
const IMPATIENT_MS = 10;
/** Part of the time that batches take at most, and how far apart they begin at least and at most. */
const BESIDE_WRITERS = { share: 1 / 4, shortestMs: 200, longestMs: 400 };
const ALONE = { share: 1 / 2, shortestMs: 100, longestMs: 200 };

/** Holds back the next batch for a while, in which more events gather. */
export class Linger {
  readonly #limits: typeof ALONE;
  #hurried = Promise.withResolvers<void>();

  /** Those who write in the same process are left most of it. */
  constructor(besideWriters: boolean) {
    this.#limits = besideWriters ? BESIDE_WRITERS : ALONE;
  }

  /** Somebody waits for what the next batch will bring. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /**
   * Resolves when the next batch may begin, after one that began at `began` (of `performance.now`) and has ended now.
   * `idle`: it had no event for the projection, and cost its checkpoints for nothing.
   */
  async rest(began: number, idle: boolean): Promise<void> {
    const left = (ms: number) => Math.max(0, began + ms - performance.now());
    const took = performance.now() - began;
    const { share, shortestMs, longestMs } = this.#limits;
    const lingerMs = idle ? longestMs : Math.min(longestMs, Math.max(shortestMs, took / share));
    await delay(left(IMPATIENT_MS));
    await within(left(lingerMs), this.#hurried.promise);
    this.#hurried = Promise.withResolvers();
  }
}
