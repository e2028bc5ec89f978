import { expect, test, vi } from "vitest";
import { HandlerRefusal } from "../src/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import { appendDirectly, type Bench, openBench, readingCommand, stored } from "../testing/purse.ts";

/** Holds appends up by their streams until they are let go. */
class Gates {
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  /** Streams by the appends in which they came, in that order. */
  readonly come: string[][] = [];

  constructor(bench: Bench) {
    const append = bench.memory.append.bind(bench.memory);
    bench.memory.append = async (appends, ...rest) => {
      this.come.push(appends.map(({ stream }) => stream));
      for (const { stream } of appends) await this.#held.get(stream)?.promise;
      return append(appends, ...rest);
    };
  }

  hold(stream: string): void {
    this.#held.set(stream, Promise.withResolvers());
  }

  release(stream: string): void {
    this.#held.get(stream)?.resolve();
    this.#held.delete(stream);
  }

  async whenCome(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.come).toHaveLength(count));
  }
}

/** On a store that answers each append by itself. */
const openApart = (options: Parameters<typeof openBench>[0] = {}) =>
  openBench(options, new MemoryEventStore(false, false));

/** So many that what is known of the stream has room to grow, and is changed in place. */
async function seedRules(bench: Bench): Promise<void> {
  for (let i = 0; i < 10; i++) await bench.move("rules", `seed ${i}`, 1);
}

test("where the store answers each append by itself, a slow stream holds up no other, not even of its own flush", async () => {
  await using bench = openApart();
  const gates = new Gates(bench);
  gates.hold("slow");
  const slow = bench.move("slow", "one", 1);
  expect(await bench.move("a", "with it", 1)).toMatchObject({ done: true });
  for (let i = 0; i < 5; i++) expect(await bench.move(`later ${i}`, "one", 1)).toMatchObject({ done: true });
  gates.release("slow");
  expect(await slow).toMatchObject({ done: true });
});

test("while much is under way, what comes gathers to a share of it and is read for together", async () => {
  // No check hurries it.
  vi.useFakeTimers({ toFake: ["setInterval"] });
  await using bench = openApart();
  vi.useRealTimers();
  const gates = new Gates(bench);
  const streams = Array.from({ length: 12 }, (_, i) => `s${i}`);
  for (const stream of streams) gates.hold(stream);
  const moving = streams.map((stream) => bench.move(stream, "one", 1));
  await gates.whenCome(12);
  const { read } = bench.store.trips;
  for (const stream of ["a", "b", "c"]) {
    moving.push(bench.move(stream, "one", 1));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  await gates.whenCome(15);
  expect(bench.store.trips.read).toBe(read + 1);
  for (const stream of streams) gates.release(stream);
  await Promise.all(moving);
});

test("what comes for a stream that is under way waits for it, and is done in the order in which it came", async () => {
  await using bench = openApart();
  const gates = new Gates(bench);
  gates.hold("a");
  const first = bench.move("a", "c0", 1);
  await gates.whenCome(1);
  const more = Array.from({ length: 20 }, (_, i) => bench.move("a", `c${i + 1}`, 1));
  await bench.move("b", "meanwhile", 1);
  expect(gates.come).toEqual([["a"], ["b"]]);
  gates.release("a");
  const told = await Promise.all([first, ...more]);
  expect(told.map(({ balance }) => balance)).toEqual(told.map((_, i) => i + 1));
  expect(gates.come).toEqual([["a"], ["b"], ["a"]]);
});

test("where appends share a commit, one flush follows the other while all is quick", async () => {
  await using bench = openBench();
  const gates = new Gates(bench);
  gates.hold("a");
  const first = bench.move("a", "one", 1);
  await gates.whenCome(1);
  const rest = Array.from({ length: 10 }, (_, i) => bench.move(`b${i}`, "one", 1));
  gates.release("a");
  await Promise.all([first, ...rest]);
  expect(gates.come.map((streams) => streams.length)).toEqual([1, 10]);
});

test("a flush that is slow lets others begin, of other streams, and so many at most", async () => {
  await using bench = openBench({ maxFlushes: 3 });
  const gates = new Gates(bench);
  const streams = ["a", "b", "c", "d"];
  for (const stream of streams) gates.hold(stream);
  const moving: Promise<unknown>[] = [];
  for (const [i, stream] of streams.entries()) {
    moving.push(bench.move(stream, "one", 1));
    if (i < 3) await gates.whenCome(i + 1);
  }
  const behind = bench.move("a", "two", 1);
  gates.release("b");
  await moving[1];
  await gates.whenCome(4);
  expect(gates.come).toEqual([["a"], ["b"], ["c"], ["d"]]);
  for (const stream of streams) gates.release(stream);
  await Promise.all(moving);
  expect(await behind).toMatchObject({ balance: 2, revision: 2 });
});

test("a state that takes long to read holds up only those that were to be decided with it", async () => {
  await using bench = openBench();
  const read = bench.memory.read.bind(bench.memory);
  const open = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  bench.memory.read = async (requests) => {
    if (requests.some(({ stream }) => stream === "long")) {
      begun.resolve();
      await open.promise;
    }
    return read(requests);
  };
  const long = bench.move("long", "one", 1);
  await begun.promise;
  expect(await bench.move("a", "one", 1)).toMatchObject({ done: true });
  open.resolve();
  expect(await long).toMatchObject({ done: true });
});

test("more than so many commands are never under way: the others wait, and beyond the bound are refused", async () => {
  await using bench = openBench(
    { maxBatch: 2, maxFlushes: 2, maxQueued: 3 },
    new MemoryEventStore(false, false),
  );
  const gates = new Gates(bench);
  const streams = Array.from({ length: 8 }, (_, i) => `s${i}`);
  for (const stream of streams) gates.hold(stream);
  const moving: Promise<unknown>[] = [];
  for (const stream of streams.slice(0, 4)) {
    moving.push(bench.move(stream, "one", 1));
    await gates.whenCome(moving.length);
  }
  moving.push(...streams.slice(4, 7).map((stream) => bench.move(stream, "one", 1)));
  expect(bench.handler.queued).toBe(3);
  await expect(bench.move("s7", "one", 1)).rejects.toMatchObject({ code: "overloaded" });
  expect(gates.come).toHaveLength(4);
  for (const stream of streams) gates.release(stream);
  await Promise.all(moving);
  expect(gates.come).toHaveLength(7);
});

test("a command that waits behind its stream past its deadline was not begun, and those after it are", async () => {
  let now = 0;
  await using bench = openBench({ now: () => now }, new MemoryEventStore(false, false));
  const gates = new Gates(bench);
  gates.hold("a");
  const first = bench.move("a", "first", 1);
  await gates.whenCome(1);
  const overdue = bench.move("a", "overdue", 1, 100);
  const patient = bench.move("a", "patient", 1);
  now = 100;
  await expect(overdue).rejects.toMatchObject({ code: "overloaded" });
  expect(bench.handler.queued).toBe(1);
  gates.release("a");
  await Promise.all([first, patient]);
  expect(await bench.events("a")).toEqual(["first 1", "patient 1"]);
});

test("commands that are to be decided again and do not fit into one flush keep their order", async () => {
  await using bench = openApart({ maxBatch: 2 });
  for (const stream of ["a", "b"]) {
    await bench.move(stream, "seed", 1);
    await appendDirectly(bench.memory, stream, stored("theirs", 1));
  }
  const gates = new Gates(bench);
  gates.hold("a");
  gates.hold("b");
  const moving = [bench.move("a", "a1", 1)];
  await gates.whenCome(1);
  moving.push(bench.move("b", "b1", 1), bench.move("b", "b2", 1));
  await gates.whenCome(2);
  moving.push(bench.move("b", "b3", 1));
  gates.release("a");
  gates.release("b");
  await Promise.all(moving);
  expect(await bench.events("b")).toEqual(["seed 1", "theirs 1", "b1 1", "b2 1", "b3 1"]);
});

test("closing waits for every stream that is under way, and for what waits behind it", async () => {
  const bench = openApart();
  const gates = new Gates(bench);
  const ended: string[] = [];
  for (const stream of ["a", "b"]) gates.hold(stream);
  for (const stream of ["a", "b", "a"]) void bench.move(stream, stream, 1).then(() => ended.push(stream));
  await gates.whenCome(2);
  let isClosed = false;
  const closing = bench.handler.close().then(() => {
    isClosed = true;
  });
  gates.release("b");
  await vi.waitFor(() => expect(ended).toEqual(["b"]));
  expect(isClosed).toBe(false);
  gates.release("a");
  await closing;
  expect(ended).toEqual(["b", "a", "a"]);
});

test("a stream whose append fails is given back: what waits behind it is decided anew", async () => {
  await using bench = openApart();
  await bench.move("a", "seed", 1);
  bench.store.appendFaults.push(() => Promise.reject(new HandlerRefusal("overloaded", "test")));
  const failing = bench.move("a", "failing", 1).catch(() => "failed");
  await vi.waitFor(() => expect(bench.store.appendFaults).toEqual([]));
  expect(await bench.move("a", "next", 1)).toEqual({ balance: 2, revision: 2, done: true });
  expect(await failing).toBe("failed");
});

test("a stream that another flush reads meanwhile goes on from where its own flush found it", async () => {
  await using bench = openApart();
  await seedRules(bench);
  const isStored = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  bench.store.appendFaults.push(async (append) => {
    const results = await append();
    isStored.resolve();
    await answered.promise;
    return results;
  });
  const changing = bench.move("rules", "more", 1);
  await isStored.promise;
  // It reads the stream anew, and so renews what is known of it.
  expect(await bench.handler.execute(readingCommand("own", "rules"))).toBe(11);
  answered.resolve();
  expect(await changing).toEqual({ balance: 11, revision: 11, done: true });
  expect(await bench.move("rules", "last", 1)).toEqual({ balance: 12, revision: 12, done: true });
  expect(bench.reported).toEqual([]);
});

test("flushes that read one stream at the same time count nothing of it twice", async () => {
  await using bench = openApart();
  await seedRules(bench);
  await bench.handler.execute(readingCommand("a", "rules"));
  await appendDirectly(bench.memory, "rules", stored("theirs", 10));
  const read = bench.memory.read.bind(bench.memory);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reads = 0;
  bench.memory.read = async (requests) => {
    const found = await read(requests);
    await gates[reads++]?.promise;
    return found;
  };
  const first = bench.handler.execute(readingCommand("a", "rules"));
  await vi.waitFor(() => expect(reads).toBe(1));
  const second = bench.handler.execute(readingCommand("b", "rules"));
  await vi.waitFor(() => expect(reads).toBe(2));
  gates[1]?.resolve();
  expect(await second).toBe(20);
  gates[0]?.resolve();
  expect(await first).toBe(20);
  expect(await bench.handler.execute(readingCommand("c", "rules"))).toBe(20);
});
