import type { EventStore } from "@taem/event-store";
import { describe, expect, test } from "vitest";
import { type Batch, type EventRecord, type EventSource, judge, type Link } from "../event-source.ts";
import { linksBetween } from "../log-range.ts";

/** An adapter under test, on an empty store of its own. */
export interface EventSourceHarness extends AsyncDisposable {
  readonly source: EventSource;
  readonly store: EventStore;
  /** Appends so many events to a slice of the store, and has the source carry them. */
  append(slice: number, count: number): Promise<void>;
}

const LIMIT = 7;

/** What every event source owes its readers. `open` gives a fresh one for each test. */
export function eventSourceContract(name: string, open: () => Promise<EventSourceHarness>): void {
  describe(`event source: ${name}`, () => {
    test("a reader from the start gets every event of every slice once and in order", async () => {
      await using harness = await open();
      await appendMixed(harness, 3);
      await using reader = new Reader(harness);
      await reader.readTo(await lengthOf(harness.store));
      expect(reader.gaps).toBe(0);
      expect(reader.events).toEqual(await bySlice(harness.store));
    });

    test("a batch is never empty and holds no more events than asked for", async () => {
      await using harness = await open();
      await appendMixed(harness, 5);
      await using reader = new Reader(harness);
      await reader.readTo(await lengthOf(harness.store));
      for (const { links } of reader.batches) {
        expect(links.length).toBeGreaterThan(0);
        expect(eventsIn(links)).toBeLessThanOrEqual(LIMIT);
      }
    });

    test("while more is there than a batch holds, it says so; at the end it does not", async () => {
      await using harness = await open();
      await harness.append(9, 3 * LIMIT);
      const head = await harness.store.head();
      await using reader = new Reader(harness);
      await reader.readUntil(() => reader.checkpoints.get(9) === head);
      await harness.append(9, 1);
      await reader.readTo(3 * LIMIT + 1);
      const full = reader.batches.filter(({ links }) => eventsIn(links) === LIMIT);
      expect(full.slice(0, 2).map(({ hasMore }) => hasMore)).toEqual([true, true]);
      // Watermarks may follow on the last event.
      await reader.readUntil(() => reader.batches.at(-1)?.hasMore === false);
    });

    test("a reader that goes on from its checkpoints misses nothing and applies nothing twice", async () => {
      await using harness = await open();
      await appendMixed(harness, 4);
      await using first = new Reader(harness);
      await first.readTo(10);
      await first[Symbol.asyncDispose]();
      await using second = new Reader(harness, first);
      await second.readTo(await lengthOf(harness.store));
      expect(second.events).toEqual(await bySlice(harness.store));
    });

    test.each([
      ["with the next event", 1],
      ["while nothing is appended", 0],
    ])("a slice behind the others is told %s: its events or a gap, never silence", async (_, appended) => {
      await using harness = await open();
      await appendMixed(harness, 4);
      await using first = new Reader(harness);
      await first.readTo(await lengthOf(harness.store));
      await first[Symbol.asyncDispose]();
      first.checkpoints.set(9, "");
      first.events.set(9, []);
      if (appended > 0) await harness.append(9, appended);
      await using second = new Reader(harness, first);
      await second.readTo(await lengthOf(harness.store));
      expect(second.events).toEqual(await bySlice(harness.store));
    });

    test("at the end of the log it waits, and brings what is appended then", async () => {
      await using harness = await open();
      await harness.append(1, 2);
      await using reader = new Reader(harness);
      await reader.readTo(2);
      const more = reader.readTo(5);
      await harness.append(1, 2);
      await harness.append(33, 1);
      await more;
      expect(reader.events).toEqual(await bySlice(harness.store));
    });

    test("a watermark takes a slice without events along", async () => {
      await using harness = await open();
      await harness.append(5, 3);
      const head = await harness.store.head();
      await using reader = new Reader(harness);
      await reader.readUntil(() => (reader.checkpoints.get(6) ?? "") >= head);
      expect(reader.events.get(6) ?? []).toEqual([]);
      await harness.append(6, 1);
      await reader.readTo(4);
      expect(reader.gaps).toBe(0);
      expect(reader.events).toEqual(await bySlice(harness.store));
    });

    test("an aborted reader ends, while it waits too", async () => {
      await using harness = await open();
      await harness.append(2, 1);
      const reader = new Reader(harness);
      await reader.readTo(1);
      const waiting = reader.readTo(2);
      await reader[Symbol.asyncDispose]();
      await waiting;
      expect(reader.ended).toBe(true);
    });
  });
}

function eventsIn(links: readonly Link[]): number {
  return links.filter(({ event }) => event !== undefined).length;
}

async function appendMixed({ append }: EventSourceHarness, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const [slice, count] of [
      [9, 2],
      [0, 1],
      [63, 3],
    ] as const)
      await append(slice, count);
  }
}

async function lengthOf(store: EventStore): Promise<number> {
  let length = 0;
  for (const events of (await bySlice(store)).values()) length += events.length;
  return length;
}

async function bySlice(store: EventStore): Promise<Map<number, string[]>> {
  const slices = new Map<number, string[]>();
  for (let after = ""; ; ) {
    const page = await store.readLog(after, 1_000);
    for (const event of page.events) push(slices, event);
    if (page.events.length === 0) return slices;
    after = page.next;
  }
}

function push(slices: Map<number, string[]>, { slice, position, id }: EventRecord): void {
  slices.set(slice, [...(slices.get(slice) ?? []), `${position} ${id}`]);
}

/** Reads as a projector does: by the chain rule, what is missing from the store. */
class Reader implements AsyncDisposable {
  readonly checkpoints: Map<number, string>;
  readonly events: Map<number, string[]>;
  readonly batches: Batch[] = [];
  gaps = 0;
  ended = false;
  readonly #store: EventStore;
  readonly #abort = new AbortController();
  readonly #batches: AsyncIterator<Batch>;

  constructor({ source, store }: EventSourceHarness, before?: Reader) {
    this.#store = store;
    this.checkpoints = new Map(before?.checkpoints);
    this.events = new Map(before?.events);
    const options = { checkpoints: new Map(this.checkpoints), limit: LIMIT, signal: this.#abort.signal };
    this.#batches = source.read(options)[Symbol.asyncIterator]();
  }

  get count(): number {
    return [...this.events.values()].reduce((sum, events) => sum + events.length, 0);
  }

  readTo(count: number): Promise<void> {
    return this.readUntil(() => this.count >= count);
  }

  async readUntil(done: () => boolean): Promise<void> {
    while (!done()) {
      const { done: ended, value } = await this.#batches.next();
      if (ended === true) {
        this.ended = true;
        return;
      }
      this.batches.push(value);
      for (const link of value.links) await this.#take(link);
    }
  }

  async #take(link: Link): Promise<void> {
    const checkpoint = this.checkpoints.get(link.slice) ?? "";
    if (judge(link, checkpoint) === "gap") {
      this.gaps++;
      const [from, to] = [new Map([[link.slice, checkpoint]]), new Map([[link.slice, link.previous]])];
      for await (const links of linksBetween(this.#store, from, to, LIMIT, this.#abort.signal)) {
        for (const missing of links) await this.#take(missing);
      }
    }
    if (judge(link, this.checkpoints.get(link.slice) ?? "") !== "apply") return;
    if (link.event !== undefined) push(this.events, link.event.record);
    this.checkpoints.set(link.slice, link.position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#batches.return?.();
  }
}
