import type { EventStore, RecordedEvent } from "@taem/event-store";
import { ApiError } from "@taem/http";
import { LRUCache } from "lru-cache";

/** A change is seen within five seconds: this, and the time of one look-up. */
const FRESH_MS = 4_000;
const MAX_KNOWN = 10_000;
const MAX_WAITING = 5_000;
const MAX_BATCH = 500;
/** A store that does not answer is as good as away: whoever waits is told so, and another look-up is tried. */
const LOOK_UP_MS = 5_000;

export interface RememberedOptions<Known> {
  readonly store: Pick<EventStore, "read">;
  /** Milliseconds that never go back. */
  readonly elapsed?: (() => number) | undefined;
  readonly streamOf: (id: string) => string;
  /** What is known after further events, at least one; whatever of it was derived from what was before is made anew. */
  readonly readOn: (before: Known | undefined, events: readonly RecordedEvent[]) => Known;
}

/** What is remembered of a stream, as far as it was read. */
interface Entry<Known> {
  readonly known: Known;
  readonly revision: number;
  readonly freshUntil: number;
}

/**
 * Folds of streams, remembered for a few seconds. Look-ups run one at a time for all who wait, so that a flood of invented
 * ids costs the store one small query after another and nothing more.
 */
export class Remembered<Known extends object> {
  readonly #options: RememberedOptions<Known>;
  readonly #elapsed: () => number;
  readonly #entries = new LRUCache<string, Entry<Known>>({ max: MAX_KNOWN });
  readonly #waiting = new Map<string, PromiseWithResolvers<Known | undefined>>();
  #looking = false;

  constructor(options: RememberedOptions<Known>) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /** Undefined where nothing is remembered, or that was too long ago. */
  fresh(id: string): Known | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#elapsed() < entry.freshUntil ? entry.known : undefined;
  }

  /**
   * As the stream is now; undefined where there is none. Rejects with `overloaded` or `unavailable` when the store does not
   * keep up or answer.
   */
  lookUp(id: string): Promise<Known | undefined> {
    const already = this.#waiting.get(id);
    if (already !== undefined) return already.promise;
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new ApiError("overloaded"));
    const waiting = Promise.withResolvers<Known | undefined>();
    this.#waiting.set(id, waiting);
    if (!this.#looking) void this.#lookUpAll();
    return waiting.promise;
  }

  async #lookUpAll(): Promise<void> {
    this.#looking = true;
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting.keys()].slice(0, MAX_BATCH);
      const freshUntil = this.#elapsed() + FRESH_MS;
      try {
        const requests = ids.map((id) => ({
          stream: this.#options.streamOf(id),
          afterRevision: this.#entries.peek(id)?.revision ?? 0,
        }));
        const slices = await answered(this.#options.store.read(requests));
        ids.forEach((id, i) => {
          this.#settle(id, this.#readOn(this.#entries.peek(id), slices[i]?.events ?? [], freshUntil));
        });
      } catch (cause) {
        for (const id of ids) this.#fail(id, cause);
      }
    }
    this.#looking = false;
  }

  #readOn(
    before: Entry<Known> | undefined,
    events: readonly RecordedEvent[],
    freshUntil: number,
  ): Entry<Known> | undefined {
    if (events.length === 0) return before && { ...before, freshUntil };
    const known = this.#options.readOn(before?.known, events);
    return { known, revision: (before?.revision ?? 0) + events.length, freshUntil };
  }

  #settle(id: string, entry: Entry<Known> | undefined): void {
    if (entry !== undefined) this.#entries.set(id, entry);
    this.#waiting.get(id)?.resolve(entry?.known);
    this.#waiting.delete(id);
  }

  #fail(id: string, cause: unknown): void {
    this.#waiting.get(id)?.reject(new ApiError("unavailable", { cause }));
    this.#waiting.delete(id);
  }
}

async function answered<T>(look: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_UP_MS} ms`)), LOOK_UP_MS);
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}
