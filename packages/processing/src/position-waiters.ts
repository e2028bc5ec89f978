import type { Position } from "@taem/event-store";
import type { Checkpoints } from "./checkpoints.ts";

const POLL_MS = 50;

/** A place in a slice of the log. */
export interface Place {
  readonly slice: number;
  readonly position: Position;
}

interface Waiter extends Place {
  readonly resolve: (reached: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Those who wait for slices to reach positions. What this process commits wakes them at once; what another one commits
 * is looked up, while anybody waits.
 */
export class PositionWaiters {
  readonly #load: () => Promise<Checkpoints>;
  readonly #waiting = new Set<Waiter>();
  #poll: NodeJS.Timeout | undefined;

  constructor(load: () => Promise<Checkpoints>) {
    this.#load = load;
  }

  /** Whether the slice reached the position within the time. */
  wait(place: Place, timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => this.#end(waiter, false), timeoutMs);
    const waiter: Waiter = { ...place, resolve, timer };
    this.#waiting.add(waiter);
    this.#pollLater(0);
    return promise;
  }

  /** Everything of these slices up to these positions is in the tables. */
  reached(checkpoints: ReadonlyMap<number, Position>): void {
    for (const waiter of this.#waiting) {
      const checkpoint = checkpoints.get(waiter.slice);
      if (checkpoint !== undefined && checkpoint >= waiter.position) this.#end(waiter, true);
    }
  }

  close(): void {
    for (const waiter of this.#waiting) this.#end(waiter, false);
    clearTimeout(this.#poll);
  }

  #end(waiter: Waiter, reached: boolean): void {
    clearTimeout(waiter.timer);
    this.#waiting.delete(waiter);
    waiter.resolve(reached);
  }

  #pollLater(delayMs: number): void {
    this.#poll ??= setTimeout(() => this.#look().catch(() => undefined), delayMs);
  }

  /** A database that is away for a moment is no answer: those who wait have their time-outs. */
  async #look(): Promise<void> {
    try {
      this.reached(await this.#load());
    } finally {
      this.#poll = undefined;
      if (this.#waiting.size > 0) this.#pollLater(POLL_MS);
    }
  }
}
