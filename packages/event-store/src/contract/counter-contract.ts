import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CommandHandler } from "../command-handler.ts";
import {
  type CounterAnswer,
  type CounterEvent,
  type CounterPlace,
  Counters,
  counterAggregate,
  counterEvents,
  type Leg,
} from "../counter.ts";
import type { EventStore } from "../event-store.ts";
import { type EventStoreHarness, readStream } from "./harness.ts";

/** What is true of counters on every event store. */
export function counterContract(name: string, makeHarness: () => Promise<EventStoreHarness>): void {
  describe(`counters on ${name}`, () => {
    const facts: readonly (readonly [string, (bench: Bench) => Promise<void>])[] = [
      ["a leg is reserved once, and asked again it is told the same", reservesOnce],
      ["what is left is granted where it is of use, and else nothing is taken", grantsWhatIsLeft],
      ["a leg with another amount is refused", refusesOtherAmount],
      ["what was confirmed stays: it is not released, and takes from the limit for good", confirmsForGood],
      ["what was released is free for others, and its leg is over", releasesForOthers],
      ["what was not reserved can be neither confirmed nor released", endsNothingUnknown],
      ["many that ask at once through several instances take the limit and no more", neverExceedsItsLimit],
      ["a leg that is confirmed and released at once ends one way, and all are told which", endsOneWay],
      [
        "a limit that was lowered below what is taken takes nothing back, and gives nothing more",
        keepsWhatIsTaken,
      ],
      ["a counter read back from its snapshot is the same counter", survivesItsSnapshot],
    ];
    test.each(facts)("%s", async (_, fact) => {
      const harness = await makeHarness();
      const bench = new Bench(harness.store, await harness.second());
      try {
        await fact(bench);
        await bench.expectSoundBooks();
      } finally {
        await bench.close();
        await harness.close();
      }
    });
  });
}

const FOR_EVER = Number.POSITIVE_INFINITY;
const CLAIMANT = { meta: { actor: "test", correlation: "test" }, deadline: FOR_EVER };
const LIMIT = 10n;

/** One counter, through two instances. */
class Bench {
  readonly place: CounterPlace = { stream: `taem.counter-${randomUUID()}`, slice: 7 };
  readonly store: EventStore;
  readonly #handlers: readonly CommandHandler[];
  readonly #counters: readonly Counters[];

  constructor(...stores: readonly [EventStore, ...EventStore[]]) {
    this.store = stores[0];
    this.#handlers = stores.map(
      (store) => new CommandHandler({ store, newId: () => randomUUID(), now: () => Date.now() }),
    );
    this.#counters = this.#handlers.map((handler) => new Counters(handler));
  }

  reserve(order: string, amount: bigint, more: { attempt?: number; atLeast?: bigint; limit?: bigint } = {}) {
    return this.#any().reserve(this.place, { order, attempt: 1, amount, limit: LIMIT, ...more }, CLAIMANT);
  }

  confirm(order: string, attempt = 1): Promise<CounterAnswer> {
    return this.#any().confirm(this.place, { order, attempt }, CLAIMANT);
  }

  release(order: string, attempt = 1): Promise<CounterAnswer> {
    return this.#any().release(this.place, { order, attempt }, CLAIMANT);
  }

  async events(): Promise<CounterEvent[]> {
    return (await readStream(this.store, this.place.stream)).map((record) => counterEvents.decode(record));
  }

  /** At no time was more taken than any limit in force allowed; no leg begins or ends twice. */
  async expectSoundBooks(): Promise<void> {
    let taken = 0n;
    const seen = new Map<string, string>();
    for (const event of await this.events()) {
      const leg = `${event.order} ${event.attempt}`;
      const before = seen.get(leg);
      seen.set(leg, event.type);
      if (event.type === "CounterReserved") {
        expect(before, leg).toBeUndefined();
        taken += event.granted;
        expect(taken <= event.limit, `${taken} of ${event.limit}`).toBe(true);
      } else {
        expect(before, leg).toBe("CounterReserved");
        if (event.type === "CounterReleased") taken -= event.granted;
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#handlers.map((handler) => handler.close()));
  }

  #calls = 0;
  #any(): Counters {
    return this.#counters[this.#calls++ % this.#counters.length] as Counters;
  }
}

const given = (granted: bigint, isRepeated = false): CounterAnswer => ({ granted, isRepeated });

async function reservesOnce(bench: Bench): Promise<void> {
  const asked = await Promise.all([1, 2, 3, 4].map(() => bench.reserve("a", 4n)));
  expect(asked.filter((told) => "granted" in told && !told.isRepeated)).toEqual([given(4n)]);
  expect(asked.every((told) => "granted" in told && told.granted === 4n)).toBe(true);
  expect(await bench.reserve("a", 4n)).toEqual(given(4n, true));
  expect(await bench.events()).toHaveLength(1);
}

async function grantsWhatIsLeft(bench: Bench): Promise<void> {
  await bench.reserve("a", 7n);
  expect(await bench.reserve("b", 4n)).toEqual({ refused: "counter_exhausted", left: 3n });
  expect(await bench.reserve("b", 4n, { atLeast: 1n })).toEqual(given(3n));
  expect(await bench.reserve("b", 4n)).toEqual(given(3n, true));
  expect(await bench.reserve("c", 1n)).toEqual({ refused: "counter_exhausted", left: 0n });
  expect(await bench.events()).toHaveLength(2);
}

async function refusesOtherAmount(bench: Bench): Promise<void> {
  await bench.reserve("a", 4n);
  expect(await bench.reserve("a", 5n)).toEqual({ refused: "leg_reused" });
  await expect(bench.reserve("b", 0n)).rejects.toBeInstanceOf(RangeError);
  await expect(bench.reserve("b", 2n, { atLeast: 3n })).rejects.toBeInstanceOf(RangeError);
  expect(await bench.events()).toHaveLength(1);
}

async function confirmsForGood(bench: Bench): Promise<void> {
  await bench.reserve("a", 6n);
  expect(await bench.confirm("a")).toEqual(given(6n));
  expect(await bench.confirm("a")).toEqual(given(6n, true));
  expect(await bench.release("a")).toEqual({ refused: "leg_confirmed" });
  expect(await bench.reserve("a", 6n)).toEqual(given(6n, true));
  expect(await bench.reserve("b", 6n)).toEqual({ refused: "counter_exhausted", left: 4n });
}

async function releasesForOthers(bench: Bench): Promise<void> {
  await bench.reserve("a", 6n);
  expect(await bench.release("a")).toEqual(given(6n));
  expect(await bench.release("a")).toEqual(given(6n, true));
  expect(await bench.confirm("a")).toEqual({ refused: "leg_released" });
  expect(await bench.reserve("b", 10n)).toEqual(given(10n));
  expect(await bench.reserve("a", 6n)).toEqual({ refused: "leg_released" });
  await bench.release("b");
  expect(await bench.reserve("a", 6n, { attempt: 2 })).toEqual(given(6n));
}

async function endsNothingUnknown(bench: Bench): Promise<void> {
  await bench.reserve("a", 1n);
  for (const ended of [
    bench.confirm("b"),
    bench.release("b"),
    bench.confirm("a", 2),
    bench.release("a", 2),
  ]) {
    expect(await ended).toEqual({ refused: "leg_unknown" });
  }
  expect(await bench.events()).toHaveLength(1);
}

async function neverExceedsItsLimit(bench: Bench): Promise<void> {
  const orders = Array.from({ length: 40 }, (_, i) => `order ${i % 30}`);
  const told = await Promise.all(orders.map((order) => bench.reserve(order, 1n)));
  const taken = told.filter((answer) => "granted" in answer && !answer.isRepeated);
  expect(taken).toHaveLength(Number(LIMIT));
  const refused = told.filter((answer) => "refused" in answer);
  expect(refused.every((answer) => "refused" in answer && answer.refused === "counter_exhausted")).toBe(true);
  expect(await bench.events()).toHaveLength(Number(LIMIT));
}

async function endsOneWay(bench: Bench): Promise<void> {
  const legs: Leg[] = Array.from({ length: 10 }, (_, i) => ({ order: `order ${i}`, attempt: 1 }));
  for (const { order } of legs) await bench.reserve(order, 1n);
  const ends = await Promise.all(
    legs.map(({ order }, i) =>
      Promise.all(
        i % 2 === 0
          ? [bench.confirm(order), bench.release(order)]
          : [bench.release(order), bench.confirm(order)],
      ),
    ),
  );
  for (const both of ends) {
    expect(both.filter((told) => "granted" in told)).toHaveLength(1);
    expect(both.filter((told) => "refused" in told)).toHaveLength(1);
  }
  expect(await bench.events()).toHaveLength(2 * legs.length);
}

async function keepsWhatIsTaken(bench: Bench): Promise<void> {
  await bench.reserve("a", 8n);
  expect(await bench.reserve("b", 1n, { limit: 5n })).toEqual({ refused: "counter_exhausted", left: 0n });
  expect(await bench.confirm("a")).toEqual(given(8n));
  expect(await bench.reserve("b", 4n, { limit: 12n })).toEqual(given(4n));
}

async function survivesItsSnapshot(bench: Bench): Promise<void> {
  await bench.reserve("a", 1n);
  await bench.reserve("b", 2n);
  await bench.reserve("c", 3n);
  await bench.confirm("b");
  await bench.release("c");
  const { initial, evolve, snapshots } = counterAggregate;
  const folded = (await bench.events()).reduce(evolve, initial());
  const read = snapshots?.read(snapshots.write(folded));
  expect([read?.taken, read?.count, [...(read?.legs.entries() ?? [])]]).toEqual([
    3n,
    3,
    [...folded.legs.entries()],
  ]);
}
