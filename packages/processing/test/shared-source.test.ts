import type { EventStore } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { eventSourceContract } from "../src/contract/index.ts";
import {
  type Batch,
  type EventSource,
  judge,
  type Link,
  sharedSource,
  storeLogSource,
} from "../src/index.ts";
import {
  type Installation,
  Numbers,
  numbers as numbersCategory,
  openInstallation,
} from "./support/installation.ts";

// Failures: a projection that misses an event, or gets one twice or out of order, because it shares its reading; one that
// holds up the others, or the process's memory, because it stands still.

const LIMIT = 7;

/** One of those who share a source: takes what the chain says, and nothing else. */
class Sharer implements AsyncDisposable {
  readonly checkpoints = new Map<number, string>();
  readonly events: string[] = [];
  readonly batches: Batch[] = [];
  readonly #abort = new AbortController();
  readonly #batches: AsyncIterator<Batch>;
  #reading: Promise<void> = Promise.resolve();

  constructor(source: EventSource, limit = LIMIT, checkpoints?: ReadonlyMap<number, string>) {
    for (const [slice, position] of checkpoints ?? []) this.checkpoints.set(slice, position);
    const options = { checkpoints: new Map(this.checkpoints), limit, signal: this.#abort.signal };
    this.#batches = source.read(options)[Symbol.asyncIterator]();
  }

  /** Takes batches until it has so many events. */
  readTo(count: number): Promise<void> {
    return this.#readWhile(() => this.events.length < count);
  }

  /** Takes batches until it is disposed of. */
  follow(): this {
    this.#reading = this.#readWhile(() => true);
    return this;
  }

  async #readWhile(isWanted: () => boolean): Promise<void> {
    while (isWanted()) {
      const { done, value } = await this.#batches.next();
      if (done === true) return;
      this.batches.push(value);
      for (const link of value.links) this.#take(link);
    }
  }

  #take(link: Link): void {
    const verdict = judge(link, this.checkpoints.get(link.slice) ?? "");
    if (verdict === "gap") throw new Error(`something is missing before ${link.position}`);
    if (verdict === "ignore") return;
    this.checkpoints.set(link.slice, link.position);
    if (link.event !== undefined) this.events.push(link.event.record.position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#batches.return?.();
    await this.#reading;
  }
}

/** Counts how often the log is followed, how many do at this moment, and how often pages of it are read besides. */
function counted(store: EventStore) {
  const counts = { follows: 0, following: 0, pages: 0 };
  const follow: EventStore["follow"] = async function* (after, options) {
    counts.follows++;
    counts.following++;
    try {
      yield* store.follow(after, options);
    } finally {
      counts.following--;
    }
  };
  const readLog: EventStore["readLog"] = (...page) => {
    counts.pages++;
    return store.readLog(...page);
  };
  return { counts, log: { follow, readLog, head: () => store.head() } };
}

async function openHarness() {
  const installation = await openInstallation();
  const { store } = installation;
  const numbers = new Numbers(store);
  return {
    installation,
    source: sharedSource({ source: storeLogSource(store), beginsAtCheckpoints: true, store }),
    store,
    append: async (slice: number, count: number) => {
      for (let i = 0; i < count; i++) await numbers.append(slice, [`s${slice}`, i]);
    },
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

eventSourceContract("shared, by the one who begins it", openHarness);

eventSourceContract("shared, by one who comes to another", async () => {
  const harness = await openHarness();
  const other = new Sharer(harness.source).follow();
  return {
    ...harness,
    [Symbol.asyncDispose]: async () => {
      await other[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
});

eventSourceContract("shared, by one who soon loses what it has not taken", async () => {
  const harness = await openHarness();
  const { store } = harness;
  const source = sharedSource({
    source: storeLogSource(store),
    beginsAtCheckpoints: true,
    store,
    mostLinks: 1,
  });
  const other = new Sharer(source).follow();
  return {
    ...harness,
    source,
    [Symbol.asyncDispose]: async () => {
      await other[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
});

describe("a shared source", () => {
  let installation: Installation;
  let store: EventStore;
  let numbers: Numbers;
  /** Positions of all events. */
  const log: string[] = [];

  const append = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const slice = (log.length * 7) % SLICES;
      await numbers.append(slice, [`s${slice}`, i]);
      log.push(await store.head());
    }
  };
  const open = (mostLinks?: number, alter = (source: EventSource) => source) => {
    const { counts, log: own } = counted(store);
    const source = sharedSource({
      source: alter(storeLogSource(own)),
      beginsAtCheckpoints: true,
      store: own,
      ...(mostLinks && { mostLinks }),
    });
    return { counts, source };
  };
  const hasAll = async (...sharers: readonly Sharer[]) => {
    for (const sharer of sharers) await vi.waitFor(() => expect(sharer.events).toEqual(log), 10_000);
  };

  beforeAll(async () => {
    installation = await openInstallation();
    ({ store } = installation);
    numbers = new Numbers(store);
    await append(20);
  });
  afterAll(() => installation[Symbol.asyncDispose]());

  test("reads the log once and decodes each event once, however many share it", async () => {
    const { counts, source } = open();
    const decode = vi.spyOn(numbersCategory.events, "decode");
    onTestFinished(() => decode.mockRestore());
    await using one = new Sharer(source);
    await using two = new Sharer(source);
    await Promise.all([one.readTo(log.length), two.readTo(log.length)]);
    const [read, before] = [counts.pages, log.length];
    await append(10);
    await Promise.all([one.readTo(log.length), two.readTo(log.length)]);
    const links = [one, two].flatMap(({ batches }) => batches.flatMap((batch) => batch.links));
    const shared = links
      .flatMap(({ event }) => event ?? [])
      .filter(({ record }) => record.position > (log[before - 1] ?? ""));
    expect(shared).toHaveLength(20);
    for (const event of shared) event.decode(numbersCategory.events);
    expect(decode).toHaveBeenCalledTimes(10);
    expect(counts).toEqual({ follows: 1, following: 1, pages: read });
    expect([one.events, two.events]).toEqual([log, log]);
  });

  test("keeps no one waiting for one that stands still, which then reads for itself what is gone", async () => {
    const { counts, source } = open(200);
    await using slow = new Sharer(source);
    await slow.readTo(1);
    await using quick = new Sharer(source).follow();
    await hasAll(quick);
    const read = counts.pages;
    for (let round = 0; round < 10; round++) {
      await append(10);
      await hasAll(quick);
    }
    expect(counts.pages).toBe(read);
    await slow.readTo(log.length);
    expect(counts.pages).toBeGreaterThan(read);
    const caughtUp = counts.pages;
    await append(3);
    await slow.readTo(log.length);
    expect(slow.events).toEqual(log);
    expect(counts).toMatchObject({ follows: 1, pages: caughtUp });
  });

  test("has one that begins ahead of the others wait for none of them", async () => {
    const { counts, source } = open();
    await using behind = new Sharer(source);
    await behind.readTo(1);
    const head = await store.head();
    const atHead = new Map(Array.from({ length: SLICES }, (_, slice) => [slice, head]));
    await using ahead = new Sharer(source, LIMIT, atHead).follow();
    await append(3);
    await vi.waitFor(() => expect(ahead.events).toEqual(log.slice(-3)), 10_000);
    const brought = ahead.batches.flatMap(({ links }) => links.map(({ position }) => position));
    expect(brought.filter((position) => position <= head)).toEqual([]);
    await behind.readTo(log.length);
    expect(behind.events).toEqual(log);
    await append(3);
    await behind.readTo(log.length);
    expect(behind.events).toEqual(log);
    expect(counts).toMatchObject({ follows: 2, following: 1 });
  });

  test("gives one that is a little behind what has gathered at once, from where it stands", async () => {
    const { source } = open();
    await using slow = new Sharer(source, 2_000);
    await slow.readTo(log.length);
    await using quick = new Sharer(source, 2_000).follow();
    for (let i = 0; i < 5; i++) {
      await append(1);
      await hasAll(quick);
    }
    const before = slow.batches.length;
    await slow.readTo(log.length);
    expect(slow.batches.length - before).toBe(1);
    expect(slow.events).toEqual(log);
  });

  test("goes on when one of those who share it leaves, and is not read when all have", async () => {
    const { counts, source } = open();
    const one = new Sharer(source).follow();
    await hasAll(one);
    await using two = new Sharer(source).follow();
    await hasAll(two);
    await one[Symbol.asyncDispose]();
    await append(5);
    await hasAll(two);
    expect(counts).toMatchObject({ follows: 1, following: 1 });
    await two[Symbol.asyncDispose]();
    expect(counts).toMatchObject({ follows: 1, following: 0 });
    await append(2);
    await using three = new Sharer(source).follow();
    await hasAll(three);
    expect(counts).toMatchObject({ follows: 2, following: 1 });
  });

  test("one that throws takes nothing from the others, and comes back to all it has not had", async () => {
    const { counts, source } = open();
    await using sound = new Sharer(source).follow();
    await hasAll(sound);
    const read = async () => {
      const options = { checkpoints: new Map(), limit: LIMIT, signal: new AbortController().signal };
      for await (const { links } of source.read(options)) throw new Error(`at ${links.length}`);
    };
    await expect(read()).rejects.toThrow("at ");
    await append(5);
    await using back = new Sharer(source).follow();
    await hasAll(sound, back);
    expect(counts).toMatchObject({ follows: 1, following: 1 });
  });

  test("a failure of what it reads reaches all, and whoever reads again begins it anew", async () => {
    let fails = false;
    const { counts, source } = open(undefined, (sound) => ({
      async *read(options) {
        for await (const batch of sound.read(options)) {
          if (fails) throw new Error("the store is away");
          yield batch;
        }
      },
    }));
    await using one = new Sharer(source);
    await using two = new Sharer(source);
    await Promise.all([one.readTo(log.length), two.readTo(log.length)]);
    fails = true;
    const both = [one, two].map((sharer) => sharer.readTo(log.length + 1));
    const outcomes = Promise.allSettled(both);
    await append(1);
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    fails = false;
    await using again = new Sharer(source, LIMIT, one.checkpoints).follow();
    await using behind = new Sharer(source).follow();
    await vi.waitFor(() => expect([...one.events, ...again.events]).toEqual(log), 10_000);
    await hasAll(behind);
    expect(counts).toMatchObject({ follows: 2, following: 1 });
  });

  test("what it reads is told that a batch is done with when everybody is, or has left", async () => {
    let made = 0;
    const done: number[] = [];
    const { source } = open(undefined, (sound) => ({
      async *read(options) {
        for await (const batch of sound.read(options)) {
          const number = made++;
          yield { ...batch, done: () => done.push(number) };
        }
      },
    }));
    await using one = new Sharer(source);
    await using two = new Sharer(source);
    await Promise.all([one.readTo(log.length), two.readTo(log.length)]);
    for (let i = 0; i < 2; i++) {
      await append(1);
      await Promise.all([one.readTo(log.length), two.readTo(log.length)]);
    }
    const last = made - 1;
    one.batches.at(-1)?.done?.();
    expect(done).toEqual([]);
    two.batches.at(-2)?.done?.();
    expect(done).toEqual([last - 1]);
    await two[Symbol.asyncDispose]();
    await append(1);
    await one.readTo(log.length);
    one.batches.at(-1)?.done?.();
    expect(done).toEqual([last - 1, last + 1]);
  });
});
