import { conflicts } from "@taem/testing/faulty-store";
import { expect, test, vi } from "vitest";
import { type AppendResult, HandlerRefusal } from "../src/index.ts";
import { appendDirectly, type Bench, commandOn, decideOn, openBench, stored } from "../testing/purse.ts";

/** Holds the next append up until it is told to go on; resolves when the append has come. */
function holdUp(bench: Bench): { readonly come: Promise<void>; readonly release: () => void } {
  const come = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  bench.store.appendFaults.push(async (append) => {
    come.resolve();
    await open.promise;
    return append();
  });
  return { come: come.promise, release: () => open.resolve() };
}

function codeOf(command: Promise<unknown>): Promise<string> {
  return command.then(
    () => "done",
    (error: unknown) => (error instanceof HandlerRefusal ? error.code : String(error)),
  );
}

test("a conflict reads only what is new in the stream, and decides on it", async () => {
  await using bench = openBench();
  const reads = vi.spyOn(bench.memory, "read");
  await bench.move("a", "one", 1);
  await bench.move("a", "two", 2);
  await appendDirectly(bench.memory, "a", stored("theirs", 10));
  reads.mockClear();
  expect(await bench.move("a", "three", 4)).toEqual({ balance: 17, revision: 4, done: true });
  expect(reads.mock.calls).toEqual([[[{ stream: "a", afterRevision: 2, limit: expect.any(Number) }]]]);
});

test("a refusal decided on what was known is decided again on what is true", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  await appendDirectly(bench.memory, "a", stored("theirs", 10));
  expect(await bench.move("a", "out", -11)).toEqual({ balance: 0, revision: 3, done: true });
  await appendDirectly(bench.memory, "a", stored("theirs", 5), stored("theirs", -5));
  expect(await bench.move("a", "out", -1)).toEqual({ balance: 0, revision: 5, done: false });
});

test("what is thrown on an old state is decided again on the newest", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  await appendDirectly(bench.memory, "a", stored("theirs", 10));
  const command = commandOn("a", (purse) => {
    if (purse.balance < 11) throw new Error("cannot be");
    return decideOn("sure", 1)(purse);
  });
  expect(await bench.handler.execute(command)).toEqual({ balance: 12, revision: 3, done: true });
});

test("a conflict of one stream makes no other wait", async () => {
  await using bench = openBench();
  await bench.move("a", "one", 1);
  await bench.move("b", "one", 1);
  await appendDirectly(bench.memory, "a", stored("theirs", 1));
  const { append } = bench.store.trips;
  const [, b] = await Promise.all([bench.move("a", "two", 1), bench.move("b", "two", 1)]);
  expect(b).toMatchObject({ revision: 2 });
  expect(bench.store.trips.append).toBe(append + 2);
});

test("commands of a stream keep their order through conflicts", async () => {
  await using bench = openBench({ maxBatch: 7 });
  const random = [3, 0, 1, 4, 0, 2];
  let round = 0;
  for (let i = 0; i < 20; i++) {
    bench.store.appendFaults.push(async (append, appends) => {
      const others = random[round++ % random.length] as number;
      for (let n = 0; n < others; n++) await appendDirectly(bench.memory, "a", stored("theirs", 0));
      return others === 4 ? conflicts(append, appends) : append();
    });
  }
  const told = await Promise.all(Array.from({ length: 60 }, (_, i) => bench.move("a", `c${i}`, 1)));
  expect(told.map(({ balance }) => balance)).toEqual(told.map((_, i) => i + 1));
  const mine = (await bench.events("a")).filter((event) => event.startsWith("c"));
  expect(mine).toEqual(told.map((_, i) => `c${i} 1`));
});

test("two handlers on one stream lose no update and overdraw nothing", async () => {
  await using one = openBench();
  await using two = one.another();
  await one.move("a", "seed", 300);
  const told = await Promise.all(
    Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? one : two).move("a", `${i % 2} ${i}`, -1)),
  );
  expect(told.filter(({ done }) => done)).toHaveLength(300);
  const events = await one.events("a");
  expect(events).toHaveLength(301);
  for (const own of ["0", "1"]) {
    const order = events
      .filter((event) => event.startsWith(`${own} `))
      .map((event) => Number(event.split(" ")[1]));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
});

test("a draft that was not appended leaves no trace in what is known", async () => {
  await using bench = openBench();
  await bench.move("a", "seed", 10);
  bench.store.appendFaults.push(conflicts);
  expect(await bench.move("a", "out", -10)).toEqual({ balance: 0, revision: 2, done: true });
  expect(await bench.events("a")).toEqual(["seed 10", "out -10"]);
});

test("conflicts until the deadline are refused as such, and nothing was done", async () => {
  let now = 0;
  await using bench = openBench({ now: () => now });
  await bench.move("a", "seed", 1);
  for (let i = 0; i < 5; i++) {
    bench.store.appendFaults.push((append, appends) => {
      now += 10;
      return conflicts(append, appends);
    });
  }
  const early = codeOf(bench.move("a", "early", 1, 25));
  const patient = codeOf(bench.move("a", "patient", 1, 1_000));
  expect([await early, await patient]).toEqual(["conflict_retry_exhausted", "done"]);
  expect(await bench.events("a")).toEqual(["seed 1", "patient 1"]);
});

test("a command under way at its deadline has an unknown outcome, and its effect stays in the log", async () => {
  let now = 0;
  await using bench = openBench({ now: () => now });
  const held = holdUp(bench);
  const command = codeOf(bench.move("a", "slow", 1, 100));
  await held.come;
  now = 100;
  expect(await command).toBe("outcome_unknown");
  held.release();
  expect(await bench.move("a", "next", 1)).toEqual({ balance: 2, revision: 2, done: true });
  expect(await bench.events("a")).toEqual(["slow 1", "next 1"]);
});

test("a command of unknown outcome that met a conflict is not done behind its caller's back", async () => {
  let now = 0;
  await using bench = openBench({ now: () => now });
  await bench.move("a", "seed", 1);
  const results = Promise.withResolvers<AppendResult[]>();
  const come = Promise.withResolvers<void>();
  bench.store.appendFaults.push(() => {
    come.resolve();
    return results.promise;
  });
  const command = codeOf(bench.move("a", "late", 1, 100));
  await come.promise;
  now = 100;
  expect(await command).toBe("outcome_unknown");
  results.resolve([{ ok: false, conflict: { actualRevision: 2 } }]);
  await bench.move("a", "next", 1);
  expect(await bench.events("a")).toEqual(["seed 1", "next 1"]);
});

test("a command that waited past its deadline was not begun", async () => {
  let now = 0;
  await using bench = openBench({ now: () => now });
  const held = holdUp(bench);
  const first = bench.move("a", "first", 1);
  await held.come;
  const waiting = codeOf(bench.move("a", "waiting", 1, 100));
  now = 100;
  expect(await waiting).toBe("overloaded");
  held.release();
  await first;
  await bench.move("a", "next", 1);
  expect(await bench.events("a")).toEqual(["first 1", "next 1"]);
});

test("more commands than may wait are refused at once; those that wait are done", async () => {
  await using bench = openBench({ maxQueued: 3 });
  const held = holdUp(bench);
  const first = codeOf(bench.move("a", "first", 1));
  await held.come;
  const waiting = Array.from({ length: 5 }, (_, i) => codeOf(bench.move("a", `c${i}`, 1)));
  expect(bench.handler.queued).toBe(3);
  expect(await Promise.all(waiting.slice(3))).toEqual(["overloaded", "overloaded"]);
  held.release();
  expect(await Promise.all([first, ...waiting.slice(0, 3)])).toEqual(["done", "done", "done", "done"]);
  expect(await bench.events("a")).toEqual(["first 1", "c0 1", "c1 1", "c2 1"]);
});

test("closing finishes what waits and takes nothing new", async () => {
  const bench = openBench({ maxBatch: 2 });
  const ended: string[] = [];
  for (let i = 0; i < 9; i++) void codeOf(bench.move("a", `c${i}`, 1)).then((code) => ended.push(code));
  const closing = bench.handler.close();
  expect(await codeOf(bench.move("a", "late", 1))).toBe("shutting_down");
  await closing;
  expect(ended).toEqual(Array(9).fill("done"));
  expect(await bench.events("a")).toHaveLength(9);
  await bench.handler.close();
});
