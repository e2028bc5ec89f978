import { breaks, unreachable } from "@taem/testing/faulty-store";
import { expect, test } from "vitest";
import { type AppendResult, OutcomeUnknown, StoreUnavailable } from "../src/index.ts";
import {
  appendDirectly,
  commandOn,
  decideOn,
  openBench,
  POISON,
  put,
  snapshotting,
  stored,
} from "../testing/purse.ts";

test("a command on a new stream costs one read and one append, the next one an append alone", async () => {
  await using bench = openBench();
  expect(await bench.move("a", "first", 5)).toEqual({ balance: 5, revision: 1, done: true });
  expect(bench.store.trips).toEqual({ append: 1, read: 1, head: 0 });
  expect(await bench.move("a", "second", 2)).toEqual({ balance: 7, revision: 2, done: true });
  expect(bench.store.trips).toEqual({ append: 2, read: 1, head: 0 });
});

test("a snapshot is looked for only where a stream is long enough to have one", async () => {
  await using bench = openBench({}, undefined, snapshotting());
  for (let n = 0; n < 49; n++) await bench.move("a", `m${n}`, 1);
  await using short = bench.another();
  await short.move("a", "m49", 1);
  expect(short.store.trips).toEqual({ append: 1, read: 1, head: 0 });
  expect(bench.snapshots.loads).toBe(0);
  await using long = bench.another();
  await long.move("a", "m50", 1);
  expect(long.store.trips).toEqual({ append: 1, read: 2, head: 0 });
  expect(bench.snapshots.loads).toBe(1);
});

test("a command that expects a new stream costs an append alone, also the ones that come with it", async () => {
  await using bench = openBench();
  const expecting = commandOn("a", decideOn("first", 5), { expectsNew: true });
  const [first, second] = await Promise.all([
    bench.handler.execute(expecting),
    bench.handler.execute(expecting),
  ]);
  expect([first, second]).toEqual([
    { balance: 5, revision: 1, done: true },
    { balance: 10, revision: 2, done: true },
  ]);
  expect(await bench.move("a", "third", 1)).toEqual({ balance: 11, revision: 3, done: true });
  expect(bench.store.trips).toEqual({ append: 2, read: 0, head: 0 });
});

test("where the stream is not new the store says so, and the command is decided on what is there", async () => {
  await using bench = openBench();
  await appendDirectly(bench.memory, "a", stored("theirs", 10));
  const expecting = commandOn("a", decideOn("first", 5), { expectsNew: true });
  expect(await bench.handler.execute(expecting)).toEqual({ balance: 15, revision: 2, done: true });
  expect(await bench.events("a")).toEqual(["theirs 10", "first 5"]);
});

test("a refusal on a stream that was expected to be new is believed only if it is", async () => {
  await using bench = openBench();
  await appendDirectly(bench.memory, "a", stored("theirs", 10));
  const taking = (stream: string) => commandOn(stream, decideOn("out", -7), { expectsNew: true });
  expect(await bench.handler.execute(taking("a"))).toEqual({ balance: 3, revision: 2, done: true });
  expect(await bench.handler.execute(taking("b"))).toEqual({ balance: 0, revision: 0, done: false });
});

test("commands that arrive together share one read and one append, whatever their streams", async () => {
  await using bench = openBench();
  const told = await Promise.all(
    Array.from({ length: 300 }, (_, i) => bench.move(`stream-${i % 100}`, `c${i}`, 1)),
  );
  expect(bench.store.trips).toEqual({ append: 1, read: 1, head: 0 });
  expect(told.map(({ balance }) => balance)).toEqual(told.map((_, i) => Math.floor(i / 100) + 1));
});

test("commands that arrive during a flush form the next one", async () => {
  await using bench = openBench();
  const open = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  bench.store.appendFaults.push(async (append) => {
    begun.resolve();
    await open.promise;
    return append();
  });
  const first = bench.move("a", "first", 1);
  await begun.promise;
  const rest = Array.from({ length: 50 }, (_, i) => bench.move("a", `c${i}`, 1));
  open.resolve();
  await Promise.all([first, ...rest]);
  expect(bench.store.trips.append).toBe(2);
});

test("a flush takes as many commands as it may, in their order", async () => {
  await using bench = openBench({ maxBatch: 10 });
  const told = await Promise.all(Array.from({ length: 100 }, (_, i) => bench.move("a", `c${i}`, 1)));
  expect(told.map(({ revision }) => revision)).toEqual(told.map((_, i) => i + 1));
  expect(bench.store.trips.append).toBe(10);
  expect(await bench.events("a")).toEqual(told.map((_, i) => `c${i} 1`));
});

test("a command sees what the one before it decided a moment ago", async () => {
  await using bench = openBench();
  const [, second, third] = await Promise.all([
    bench.move("a", "in", 5),
    bench.move("a", "out", -5),
    bench.move("a", "too much", -1),
  ]);
  expect([second.done, third.done]).toEqual([true, false]);
  expect(await bench.events("a")).toEqual(["in 5", "out -5"]);
});

test("a refusal is confirmed by the store: one append of nothing, no read", async () => {
  await using bench = openBench();
  await bench.move("a", "in", 5);
  const before = { ...bench.store.trips };
  expect(await bench.move("a", "out", -6)).toEqual({ balance: 5, revision: 1, done: false });
  expect(bench.store.trips).toEqual({ ...before, append: before.append + 1 });
  expect(await bench.memory.head()).toBe("0000000000000001");
});

test("a decision that needs earlier events is given them, from the store and from its own flush", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  await bench.move("a", "two", 2);
  const recall = (revision: number, count: number) =>
    bench.handler.execute(
      commandOn("a", () => ({
        load: { revision, count },
        next: (events) => ({
          events: [],
          answer: () => () => events.map(({ label }) => label),
        }),
      })),
    );
  const before = { ...bench.store.trips };
  const [, , across, decided, storedOnly] = await Promise.all([
    bench.move("a", "three", 3),
    bench.move("a", "four", 4),
    recall(2, 3),
    recall(4, 1),
    recall(1, 2),
  ]);
  expect([across, decided, storedOnly]).toEqual([["two", "three", "four"], ["four"], ["one", "two"]]);
  expect(bench.store.trips).toEqual({ ...before, append: before.append + 1, read: before.read + 2 });
});

test("what commands of different streams need is read at once", async () => {
  await using bench = openBench();
  const streams = Array.from({ length: 100 }, (_, i) => `stream-${i}`);
  await Promise.all(streams.map((stream) => bench.move(stream, "one", 1)));
  const { read } = bench.store.trips;
  const recalled = streams.map((stream) =>
    bench.handler.execute(
      commandOn(stream, () => ({
        load: { revision: 1, count: 1 },
        next: (events) => ({ events: [], answer: () => () => events.length }),
      })),
    ),
  );
  expect(await Promise.all(recalled)).toEqual(streams.map(() => 1));
  expect(bench.store.trips.read).toBe(read + 1);
});

test("commands after one that loads are decided after it", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  const loading = bench.handler.execute(
    commandOn("a", () => ({
      load: { revision: 1, count: 1 },
      next: () => decideOn("loaded", 1)({ balance: 0, labels: [] }),
    })),
  );
  const after = bench.move("a", "after", 1);
  await Promise.all([loading, after]);
  expect(await bench.events("a")).toEqual(["one 1", "loaded 1", "after 1"]);
});

const fault = new Error("a fault");

function throws(): never {
  throw fault;
}

test.each([
  ["decide throws", throws],
  ["loaded events lead to a throw", () => ({ load: { revision: 1, count: 1 }, next: throws })],
  ["answer cannot see the state", () => ({ events: [put("lost", 1)], answer: throws })],
  ["answer cannot be made", () => ({ events: [], answer: () => throws })],
])("a command whose %s fails alone", async (_, decide) => {
  await using bench = openBench();
  await bench.move("a", "seed", 10);
  const before = bench.move("a", "before", 1);
  const failing = bench.handler.execute(commandOn("a", decide)).catch((error: unknown) => error);
  const after = bench.move("a", "after", 1);
  const elsewhere = bench.move("b", "elsewhere", 1);
  expect(await failing).toBe(fault);
  expect((await Promise.all([before, after, elsewhere])).map(({ balance }) => balance)).toEqual([11, 12, 1]);
  expect(await bench.events("a")).toEqual(["seed 10", "before 1", "after 1"]);
  expect(await bench.move("a", "later", 1)).toMatchObject({ balance: 13 });
});

test.each([
  ["does not fold", put("poison", POISON)],
  ["is not of the catalogue", { ...put("alien", 1), type: "Alien" as "CoinsPut" }],
])("a command with an event that %s fails alone, and none of its events is kept", async (_, bad) => {
  await using bench = openBench();
  const before = bench.move("a", "before", 1);
  const failing = bench.handler
    .execute(commandOn("a", () => ({ events: [put("good", 1), bad], answer: () => () => "done" })))
    .catch(() => "failed");
  const after = bench.move("a", "after", 1);
  const elsewhere = bench.move("b", "elsewhere", 1);
  expect(await failing).toBe("failed");
  expect((await Promise.all([before, after, elsewhere])).map(({ balance }) => balance)).toEqual([1, 2, 1]);
  expect(await bench.events("a")).toEqual(["before 1", "after 1"]);
});

test("a stream that does not fold fails its own commands, and is reported", async () => {
  await using bench = openBench();
  await appendDirectly(bench.memory, "corrupt", stored("poison", POISON));
  await appendDirectly(bench.memory, "unreadable", { type: "CoinsPut", data: "{}" });
  const corrupt = bench.move("corrupt", "c", 1).catch((error: Error) => error.name);
  const unreadable = bench.move("unreadable", "u", 1).catch((error: Error) => error.name);
  expect(await bench.move("fine", "f", 1)).toMatchObject({ balance: 1 });
  expect([await corrupt, await unreadable]).toEqual(["StreamDamaged", "StreamDamaged"]);
  expect(bench.reported).toEqual([
    expect.stringMatching(/^corrupt: .* from event 1, CoinsPut, on \(does not fold\)/),
    expect.stringMatching(/^unreadable: .* from event 1, CoinsPut, on \(CoinsPut\./),
  ]);
});

test("an earlier event that cannot be read fails the command that needs it, alone", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  await bench.move("b", "one", 1);
  bench.store.readFaults.push(unreachable);
  const needing = bench.handler
    .execute(commandOn("a", () => ({ load: { revision: 1, count: 1 }, next: throws })))
    .catch((error: unknown) => error);
  const neighbours = await Promise.all([bench.move("a", "two", 1), bench.move("b", "two", 1)]);
  expect(await needing).toBeInstanceOf(StoreUnavailable);
  expect(neighbours.map(({ balance }) => balance)).toEqual([2, 2]);
});

test("while the store cannot be read commands are told so, and the next ones work", async () => {
  await using bench = openBench();
  bench.store.readFaults.push(unreachable);
  await expect(bench.move("a", "one", 1)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await bench.move("a", "two", 2)).toMatchObject({ balance: 2, revision: 1 });
});

test("after an append of unknown outcome the states are read again, not trusted", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  bench.store.appendFaults.push(async (append) => {
    await append();
    return breaks(append, []);
  });
  await expect(bench.move("a", "two", 2)).rejects.toBeInstanceOf(OutcomeUnknown);
  expect(await bench.move("a", "three", 4)).toEqual({ balance: 7, revision: 3, done: true });
});

test("what the store refuses for good fails the commands of that stream alone", async () => {
  await using bench = openBench();
  const append = bench.memory.append.bind(bench.memory);
  const refused = new Error("too large");
  bench.memory.append = async (appends, ...rest) => {
    const sound = await append(
      appends.filter(({ stream }) => stream !== "large"),
      ...rest,
    );
    return appends.map(({ stream }) =>
      stream === "large" ? { ok: false, refused } : (sound.shift() as AppendResult),
    );
  };
  const [large, small] = await Promise.allSettled([bench.move("large", "a", 1), bench.move("small", "b", 2)]);
  expect(large).toEqual({ status: "rejected", reason: refused });
  expect(small).toMatchObject({ status: "fulfilled", value: { balance: 2, done: true } });
  expect(bench.reported).toEqual(["large: too large"]);
});

test("events carry the meta of their command", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  const { events } = await bench.memory.readLog("", 1);
  expect(events[0]?.meta).toBe('{"actor":"test","correlation":"test","v":1}');
});

test("of every command that wrote something it is told what, by its own provenance; of a refusal nothing", async () => {
  const told: string[] = [];
  await using bench = openBench({
    onAppended: ({ stream, revision, events, meta, traceparent }) => {
      const labels = events.map(({ data }) => (JSON.parse(data) as { label: string }).label);
      told.push(`${stream}@${revision} ${labels.join("+")} of ${meta.correlation}, ${traceparent}`);
    },
  });
  const two = () => ({ events: [put("x", 1), put("y", 1)], answer: () => () => undefined });
  const broken = () => {
    throw new Error("a bug");
  };
  await bench.move("a", "before", 1);
  await Promise.allSettled([
    bench.handler.execute({
      ...commandOn("a", two),
      meta: { actor: "t", correlation: "c-2" },
      traceparent: "w3c",
    }),
    bench.move("a", "too much", -9),
    bench.handler.execute(commandOn("a", broken)),
    bench.move("a", "third", 1),
    bench.move("b", "other", 1),
  ]);
  expect(told).toEqual([
    "a@1 before of test, undefined",
    "a@3 x+y of c-2, w3c",
    "a@4 third of test, undefined",
    "b@1 other of test, undefined",
  ]);
});

test("of a command whose caller was not told in time it is told nevertheless what it wrote", async () => {
  let now = 0;
  const told: number[] = [];
  await using bench = openBench({ now: () => now, onAppended: ({ revision }) => told.push(revision) });
  bench.store.appendFaults.push(async (append) => {
    const results = await append();
    now = 10;
    await refused;
    return results;
  });
  const refused = expect(bench.move("a", "late", 1, 5)).rejects.toMatchObject({ code: "outcome_unknown" });
  await refused;
  await bench.handler.close();
  expect(told).toEqual([1]);
});
