import type { Position } from "@taem/event-store";
import { BatchWindow, type Place } from "./batch-window.ts";
import type { Batch, EventSource, SourceOptions } from "./event-source.ts";
import { Marks } from "./marks.ts";

/** One of those who share a reading. */
interface Sharer extends Place {
  /** Up to this batch, its rows have everything. */
  done: number;
}

/** Before every batch. */
const NOTHING = -1;

/**
 * One reading of a source for several who share it. The next batch is asked for when the first of them has taken all there
 * is. Whoever stands so far behind that its next batch is gone has lost it, and says so when it has caught up by itself.
 */
export class SharedReading {
  readonly #abort = new AbortController();
  readonly #batches: AsyncIterator<Batch>;
  readonly #window: BatchWindow;
  readonly #sharers = new Set<Sharer>();
  /** What says that a batch is done with, and with it all before. */
  readonly #says = new Marks<() => void>();
  readonly #seen: Map<number, Position>;
  #asked: Promise<void> | undefined;
  #isOver = false;
  #failure: unknown;

  /** For the one who begins it. */
  constructor(source: EventSource, { checkpoints, limit }: SourceOptions, mostLinks: number) {
    const options = { checkpoints: new Map(checkpoints), limit, signal: this.#abort.signal };
    this.#batches = source.read(options)[Symbol.asyncIterator]();
    this.#window = new BatchWindow(mostLinks);
    this.#seen = new Map(checkpoints);
  }

  /** Nothing more will come of it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it has yet to come to where somebody stands, in any slice. */
  isBehind(checkpoints: ReadonlyMap<number, Position>): boolean {
    return [...checkpoints].some(([slice, position]) => position > (this.#seen.get(slice) ?? ""));
  }

  /** Who does not begin it has lost what came before, and what the one who did had then. */
  join(): Sharer {
    const batch = this.#sharers.size === 0 ? this.#window.next : NOTHING;
    const sharer = { batch, links: 0, done: NOTHING };
    this.#sharers.add(sharer);
    return sharer;
  }

  /** The last who leaves ends it; resolves when it has ended. */
  async leave(sharer: Sharer): Promise<void> {
    this.#sharers.delete(sharer);
    if (this.#sharers.size > 0) return;
    this.#isOver = true;
    this.#abort.abort();
    await this.#asked;
    await this.#batches.return?.();
  }

  /** Whether its next batch is gone. */
  hasLost({ batch }: Sharer): boolean {
    return batch < this.#window.first;
  }

  /** It goes on with the next batch that comes, and reads by itself up to what this returns, by slice: what came so far. */
  skip(sharer: Sharer): ReadonlyMap<number, Position> {
    sharer.batch = this.#window.next;
    sharer.links = 0;
    return new Map(this.#seen);
  }

  /** Whether something waits for it. */
  hasMore({ batch }: Sharer): boolean {
    return batch < this.#window.next;
  }

  /** What comes next of what has come; undefined where it has all. */
  take(sharer: Sharer, limit: number): Batch | undefined {
    const taken = this.#window.take(sharer, limit);
    if (taken === undefined) return undefined;
    const held = [...this.#sharers].filter((one) => !this.hasLost(one)).map(({ batch }) => batch);
    this.#window.trim(Math.min(...held));
    const upTo = sharer.batch - 1;
    return { ...taken, done: () => this.#settle(sharer, upTo) };
  }

  /** Resolves when there is more, or when it is over; throws what has ended it. */
  async more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isOver) return;
    this.#asked ??= this.#ask();
    await this.#asked;
  }

  async #ask(): Promise<void> {
    try {
      const { done, value } = await this.#batches.next();
      if (done === true) this.#isOver = true;
      else this.#keep(value);
    } catch (error) {
      this.#isOver = true;
      this.#failure = error;
    } finally {
      this.#asked = undefined;
    }
  }

  #keep(batch: Batch): void {
    for (const { slice, position } of batch.links) {
      if (position > (this.#seen.get(slice) ?? "")) this.#seen.set(slice, position);
    }
    if (batch.done !== undefined) this.#says.add(this.#window.next, batch.done);
    this.#window.push(batch);
  }

  #settle(sharer: Sharer, upTo: number): void {
    sharer.done = Math.max(sharer.done, upTo);
    const everybody = Math.min(...[...this.#sharers].map(({ done }) => done));
    this.#says.passed(everybody)?.();
  }
}
