import type { Parked } from "./parking.ts";

/** More streams than this parked within a minute are no poison: they are a bug, or a wrong order of deployment. */
const MAX_PARKED = 10;
const WINDOW_MS = 60_000;

/** A slice stands still until somebody has looked: what is wrong is not with one stream. */
export class SliceStopped extends Error {
  readonly code = "slice_stopped";
  readonly slice: number;
  constructor(slice: number, reason: string) {
    super(reason);
    this.name = "SliceStopped";
    this.slice = slice;
  }
}

/** Counts the streams that are parked, and refuses when they are too many at a time. */
export class ParkLimit {
  readonly #now: () => number;
  /** When each was first seen to fail. */
  readonly #seen = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws `SliceStopped`. */
  check({ slice, key, error }: Parked): void {
    const now = this.#now();
    for (const [stream, at] of this.#seen) if (now - at > WINDOW_MS) this.#seen.delete(stream);
    if (!this.#seen.has(key) && this.#seen.size >= MAX_PARKED) {
      throw new SliceStopped(
        slice,
        `more than ${MAX_PARKED} streams failed within a minute; the last: ${key}: ${error}`,
      );
    }
    this.#seen.set(key, now);
  }
}
