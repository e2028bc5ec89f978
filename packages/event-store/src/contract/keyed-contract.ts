import { randomUUID } from "node:crypto";
import type { BusinessKey } from "@taem/kernel";
import { describe, expect, test } from "vitest";
import { CommandHandler } from "../command-handler.ts";
import type { EventStore } from "../event-store.ts";
import {
  type CardAnswer,
  type CardCommand,
  type CardEvent,
  cardAggregate,
  cardEvents,
  decideCard,
} from "./gift-card.ts";
import { type EventStoreHarness, readStream } from "./harness.ts";

/** What is true of commands with keys on every event store, of an aggregate that knows nothing of keys itself. */
export function keyedContract(name: string, makeHarness: () => Promise<EventStoreHarness>): void {
  describe(`keyed commands on ${name}`, () => {
    const facts: readonly (readonly [string, (bench: Bench) => Promise<void>])[] = [
      ["a command sent again is answered as at first, and makes no event", answersAgain],
      ["another command under the same key is refused, and makes no event", refusesReuse],
      ["what means the same under an earlier rule is the same command", recognisesItsMeaning],
      ["a key without a fingerprint stands for one meaning", repeatsItsOwn],
      ["a refusal applies no key", refusesWithoutTrace],
      ["a large effect is parts under one key, and one answer", splitsLargeEffects],
      [
        "however its append ends, a large effect is there whole or not at all, and once when it is sent again",
        survivesLostAnswers,
      ],
      ["a reversal finds the whole of its origin, decided a moment ago or long before", findsOrigins],
      ["what a command led to is told again, and nothing of what came later", tellsWhatItLedTo],
      ["the same commands at once through several instances have one effect each", happensOnce],
      ["it costs no more than its look-up: one append, and a read only of what is told again", costsNoReads],
      ["its keys are in its snapshot", survivesItsSnapshot],
    ];
    test.each(facts)("%s", async (_, fact) => {
      const harness = await makeHarness();
      const bench = new Bench(harness.store, await harness.second());
      try {
        await fact(bench);
        await bench.expectSoundKeys();
      } finally {
        await bench.close();
        await harness.close();
      }
    });
  });
}

const META = { actor: "test", correlation: "test" };

function keyOf(id: string): BusinessKey {
  return { system: "till", id, leg: "main" };
}

/** One card, through two instances. */
class Bench {
  readonly stream = `taem.card-${randomUUID()}`;
  readonly stores: readonly [EventStore, ...EventStore[]];
  readonly #handlers: readonly CommandHandler[];
  #calls = 0;

  constructor(...stores: readonly [EventStore, ...EventStore[]]) {
    this.stores = stores;
    this.#handlers = stores.map((store) => handlerOn(store));
  }

  load(id: string, ...notes: readonly bigint[]): Promise<CardAnswer> {
    return this.execute(id, { type: "load", notes });
  }

  spend(id: string, amount: bigint): Promise<CardAnswer> {
    return this.execute(id, { type: "spend", amount });
  }

  reverse(id: string, origin: string): Promise<CardAnswer> {
    return this.execute(id, { type: "reverse", origin: keyOf(origin) });
  }

  /** Through one instance after the other, unless told which. */
  execute(id: string, command: CardCommand, handler = this.#any(), isOwn = false): Promise<CardAnswer> {
    return handler.execute({
      aggregate: cardAggregate,
      stream: this.stream,
      slice: 7,
      meta: META,
      deadline: Number.POSITIVE_INFINITY,
      decide: (state) => decideCard(state, keyOf(id), command, isOwn),
    });
  }

  async events(): Promise<CardEvent[]> {
    return (await readStream(this.stores[0], this.stream)).map((record) => cardEvents.decode(record));
  }

  /** Every key was applied once; the parts of an effect follow each other. */
  async expectSoundKeys(): Promise<void> {
    const seen = new Set<string>();
    let open = 0;
    for (const event of await this.events()) {
      if (!("key" in event)) {
        expect(open).toBe(0);
        continue;
      }
      const { index, count } = event.part ?? { index: 1, count: 1 };
      expect(seen.has(event.key.id), event.key.id).toBe(index > 1);
      seen.add(event.key.id);
      expect(index).toBe(open === 0 ? 1 : count - open + 1);
      open = count - index;
    }
    expect(open).toBe(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#handlers.map((handler) => handler.close()));
  }

  #any(): CommandHandler {
    return this.#handlers[this.#calls++ % this.#handlers.length] as CommandHandler;
  }
}

function handlerOn(store: EventStore): CommandHandler {
  return new CommandHandler({ store, newId: () => randomUUID(), now: () => Date.now() });
}

const done = (change: bigint, balance: bigint, more: object = {}) => ({
  change,
  balance,
  parts: 1,
  emptied: false,
  isRepeated: false,
  ...more,
});
const again = (change: bigint, balance: bigint, more: object = {}) =>
  done(change, balance, { isRepeated: true, ...more });

async function answersAgain(bench: Bench): Promise<void> {
  expect(await bench.load("a", 5n)).toEqual(done(5n, 5n));
  expect(await bench.spend("b", 2n)).toEqual(done(-2n, 3n));
  for (const _ of bench.stores) {
    expect(await bench.load("a", 5n)).toEqual(again(5n, 3n));
    expect(await bench.spend("b", 2n)).toEqual(again(-2n, 3n));
  }
  expect(await bench.events()).toHaveLength(2);
}

async function refusesReuse(bench: Bench): Promise<void> {
  await bench.load("a", 5n);
  for (const _ of bench.stores) {
    expect(await bench.load("a", 6n)).toEqual({ refused: "key_reused" });
    expect(await bench.spend("a", 5n)).toEqual({ refused: "key_reused" });
    expect(await bench.load("a", 5n)).toEqual(again(5n, 5n));
  }
  expect(await bench.events()).toHaveLength(1);
}

async function recognisesItsMeaning(bench: Bench): Promise<void> {
  await bench.load("a", 5n, 6n);
  expect(await bench.load("a", 6n, 5n)).toEqual(again(11n, 11n));
  expect(await bench.load("a", 6n, 6n)).toEqual({ refused: "key_reused" });
}

async function repeatsItsOwn(bench: Bench): Promise<void> {
  await bench.execute("a", { type: "load", notes: [5n] }, undefined, true);
  const other: CardCommand = { type: "load", notes: [6n] };
  expect(await bench.execute("a", other, undefined, true)).toEqual(again(5n, 5n));
  // Whoever brings a fingerprint means something that this key never stood for.
  expect(await bench.execute("a", other)).toEqual({ refused: "key_reused" });
}

async function refusesWithoutTrace(bench: Bench): Promise<void> {
  expect(await bench.spend("a", 5n)).toEqual({ refused: "too_little" });
  expect(await bench.events()).toEqual([]);
  await bench.load("b", 9n);
  expect(await bench.spend("a", 6n)).toEqual(done(-6n, 3n));
}

const NOTES = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];

async function splitsLargeEffects(bench: Bench): Promise<void> {
  expect(await bench.load("a", ...NOTES)).toEqual(done(36n, 36n, { parts: 3 }));
  const parts = (await bench.events()).map((event) => ("part" in event ? event.part : undefined));
  expect(parts).toEqual([1, 2, 3].map((index) => ({ index, count: 3 })));
  await bench.spend("b", 6n);
  for (const _ of bench.stores)
    expect(await bench.load("a", ...NOTES)).toEqual(again(36n, 30n, { parts: 3 }));
}

async function survivesLostAnswers(bench: Bench): Promise<void> {
  const [store] = bench.stores;
  const crash = new Error("the process was killed");
  const before: EventStore["append"] = () => Promise.reject(crash);
  const after: EventStore["append"] = (appends) => store.append(appends).then(() => Promise.reject(crash));
  for (const [id, append] of Object.entries({ before, after })) {
    const known = (await bench.events()).length;
    const dying = handlerOn(withCalls(store, { append }));
    await expect(bench.execute(id, { type: "load", notes: NOTES }, dying)).rejects.toBe(crash);
    await dying.close();
    expect((await bench.events()).length - known).toBe(id === "before" ? 0 : 3);
    const told = await bench.load(id, ...NOTES);
    expect(told).toMatchObject({ change: 36n, parts: 3, isRepeated: id === "after" });
    expect((await bench.events()).length - known).toBe(3);
  }
}

async function findsOrigins(bench: Bench): Promise<void> {
  expect(await bench.reverse("r1", "a")).toEqual({ refused: "origin_unknown" });
  await bench.load("a", ...NOTES);
  await bench.spend("b", 6n);
  expect(await bench.reverse("r1", "b")).toEqual(done(6n, 36n));
  expect(await bench.reverse("r2", "a")).toEqual(done(-36n, 0n));
  expect(await bench.reverse("r2", "a")).toEqual(again(-36n, 0n));
  expect(await bench.reverse("r3", "a")).toEqual({ refused: "reversed" });
  expect(await bench.reverse("r3", "r1")).toEqual({ refused: "not_reversible" });
  const one = handlerOn(bench.stores[0]);
  const together = await Promise.all([
    bench.execute("c", { type: "load", notes: NOTES }, one),
    bench.execute("r4", { type: "reverse", origin: keyOf("c") }, one),
  ]);
  await one.close();
  expect(together).toEqual([done(36n, 36n, { parts: 3 }), done(-36n, 0n)]);
}

async function tellsWhatItLedTo(bench: Bench): Promise<void> {
  await bench.load("a", 5n);
  expect(await bench.spend("b", 5n)).toEqual(done(-5n, 0n, { emptied: true }));
  await bench.load("c", 9n);
  expect(await bench.spend("d", 4n)).toEqual(done(-4n, 5n));
  expect(await bench.spend("e", 5n)).toEqual(done(-5n, 0n, { emptied: true }));
  expect(await bench.spend("b", 5n)).toEqual(again(-5n, 0n, { emptied: true }));
  expect(await bench.spend("d", 4n)).toEqual(again(-4n, 0n));
}

async function happensOnce(bench: Bench): Promise<void> {
  const ids = Array.from({ length: 40 }, (_, i) => `${i % 10}`);
  const told = await Promise.all(ids.map((id) => bench.load(id, ...NOTES)));
  for (const answer of told) expect(answer).toMatchObject({ change: 36n, parts: 3 });
  expect(told.filter((answer) => "isRepeated" in answer && !answer.isRepeated)).toHaveLength(10);
  expect(await bench.events()).toHaveLength(30);
}

async function costsNoReads(bench: Bench): Promise<void> {
  const calls: string[] = [];
  const [store] = bench.stores;
  const counted = withCalls(store, {
    append(appends) {
      calls.push("append");
      return store.append(appends);
    },
    read(requests) {
      calls.push("read");
      return store.read(requests);
    },
  });
  const handler = handlerOn(counted);
  const costs = async (id: string, command: CardCommand): Promise<string[]> => {
    await bench.execute(id, command, handler);
    return calls.splice(0);
  };
  const many: CardCommand = { type: "load", notes: NOTES };
  expect(await costs("a", many)).toEqual(["read", "append"]);
  expect(await costs("b", many)).toEqual(["append"]);
  expect(await costs("c", { type: "spend", amount: 1n })).toEqual(["append"]);
  expect(await costs("d", { type: "reverse", origin: keyOf("c") })).toEqual(["read", "append"]);
  expect(await costs("a", many)).toEqual(["read", "read", "append"]);
  await handler.close();
}

async function survivesItsSnapshot(bench: Bench): Promise<void> {
  await bench.load("a", ...NOTES);
  await bench.spend("b", 6n);
  await bench.reverse("c", "b");
  const { initial, evolve, draft, snapshots } = cardAggregate;
  const folded = (await bench.events()).reduce(evolve, initial());
  const ahead = evolve(draft(folded), { type: "CardSpent", key: keyOf("d"), amount: 1n });
  for (const state of [folded, ahead]) {
    const read = snapshots?.read(snapshots.write(state)) as typeof state;
    expect(snapshots?.isSame(read, state)).toBe(true);
    expect([read.revision, read.state]).toEqual([state.revision, state.state]);
    const ids = ["a", "b", "c", "d", "e"];
    const applied = (keys: typeof read.keys) => ids.map((id) => keys.revisionOf(keyOf(id)));
    expect(applied(read.keys)).toEqual(applied(state.keys));
    expect(applied(read.keys)).toEqual([1, 4, 5, state === ahead ? 6 : undefined, undefined]);
  }
}

/** A store of which some calls go another way. */
function withCalls(store: EventStore, calls: Partial<Pick<EventStore, "append" | "read">>): EventStore {
  return new Proxy(store, {
    get(_, name: keyof EventStore) {
      const own = name === "append" || name === "read" ? calls[name] : undefined;
      const member = own ?? store[name];
      return typeof member === "function" ? member.bind(store) : member;
    },
  });
}
