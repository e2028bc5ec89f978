import type { EventStore, ReadRequest, RecordedEvent } from "./event-store.ts";

interface Waiting {
  readonly request: ReadRequest;
  readonly resolve: (events: readonly RecordedEvent[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** Reads streams; what is asked for together shares one round trip. */
export class SharedReader {
  readonly #store: Pick<EventStore, "read">;
  #waiting: Waiting[] = [];

  constructor(store: Pick<EventStore, "read">) {
    this.#store = store;
  }

  read(request: ReadRequest): Promise<readonly RecordedEvent[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly RecordedEvent[]>();
    if (this.#waiting.length === 0) setImmediate(() => void this.#readAll());
    this.#waiting.push({ request, resolve, reject });
    return promise;
  }

  async #readAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const slices = await this.#store.read(waiting.map(({ request }) => request));
      for (const [i, { resolve, reject }] of waiting.entries()) {
        try {
          resolve(slices[i]?.events ?? []);
        } catch (damage) {
          reject(damage);
        }
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
