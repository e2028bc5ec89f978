import type { Position } from "@taem/event-store";
import type { Checkpoints } from "./checkpoints.ts";

const POLL_MS = 50;

/** A place in a slice of the log. */
export interface Place {
  readonly slice: number;
  readonly position: Position;
}

interface Waiter extends Place {
  /** Only what the tables say counts: what this process has committed may be lost. */
  readonly inTables: boolean;
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

  /** Whether the slice reached the position within the time; with `inTables` by what is in the tables alone. */
  wait(place: Place, timeoutMs: number, inTables = false): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => this.#end(waiter, false), timeoutMs);
    const waiter: Waiter = { ...place, inTables, resolve, timer };
    this.#waiting.add(waiter);
    this.#pollLater(0);
    return promise;
  }

  /** This process has committed everything of these slices up to these positions. */
  reached(checkpoints: ReadonlyMap<number, Position>): void {
    this.#endReached(checkpoints, ({ inTables }) => !inTables);
  }

  close(): void {
    for (const waiter of this.#waiting) this.#end(waiter, false);
    clearTimeout(this.#poll);
  }

  #endReached(checkpoints: ReadonlyMap<number, Position>, isMeant: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiting) {
      const checkpoint = checkpoints.get(waiter.slice);
      const isReached = checkpoint !== undefined && checkpoint >= waiter.position;
      if (isReached && isMeant(waiter)) this.#end(waiter, true);
    }
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
      this.#endReached(await this.#load(), () => true);
    } finally {
      this.#poll = undefined;
      if (this.#waiting.size > 0) this.#pollLater(POLL_MS);
    }
  }
}
