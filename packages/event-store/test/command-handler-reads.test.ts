import { describe, expect, test } from "vitest";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import { appendDirectly, type Bench, openBench, POISON, readingCommand, stored } from "../testing/purse.ts";

// What a command reads beside its own stream is as the store has it after the command came.

/** Puts one into a purse; what the stream that it reads held then. */
function readWhilePutting(bench: Bench, stream: string, read = "read"): Promise<number> {
  return bench.handler.execute(readingCommand(stream, read));
}

const STORES = [
  ["looks at what appends stand on", true],
  ["looks at no other stream", false],
] as const;

const benchOn = (checksReads: boolean) => openBench({}, new MemoryEventStore(checksReads));

describe.each(STORES)("on a store that %s", (_, checksReads) => {
  test("what somebody else has appended is seen by the next command, again and again", async () => {
    await using bench = benchOn(checksReads);
    expect(await readWhilePutting(bench, "own")).toBe(0);
    for (let i = 1; i <= 10; i++) {
      await appendDirectly(bench.memory, "read", stored("e", 1));
      expect(await readWhilePutting(bench, "own")).toBe(i);
    }
  });

  test("one that is decided together with a change of the stream is decided before it, the next one after it", async () => {
    await using bench = benchOn(checksReads);
    const [read] = await Promise.all([readWhilePutting(bench, "own"), bench.move("read", "change", 3)]);
    expect(read).toBe(0);
    expect(await readWhilePutting(bench, "own")).toBe(3);
  });

  test("a stream that does not fold fails those who read it, and nobody else", async () => {
    await using bench = benchOn(checksReads);
    await appendDirectly(bench.memory, "read", stored("poison", POISON));
    const outcomes = await Promise.allSettled([
      readWhilePutting(bench, "own"),
      readWhilePutting(bench, "own", "sound"),
      bench.move("own", "two", 2),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(await bench.events("own")).toEqual(["one 1", "two 2"]);
  });
});

test("where no append looks, a command that came while the stream was read is not decided by what was found", async () => {
  await using bench = benchOn(false);
  await readWhilePutting(bench, "a");
  await readWhilePutting(bench, "b");
  const isRead = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const read = bench.memory.read.bind(bench.memory);
  bench.memory.read = async (requests) => {
    const found = await read(requests);
    isRead.resolve();
    await goOn.promise;
    return found;
  };
  const before = readWhilePutting(bench, "a");
  await isRead.promise;
  bench.memory.read = read;
  await appendDirectly(bench.memory, "read", stored("e", 5));
  const after = readWhilePutting(bench, "b");
  goOn.resolve();
  expect([await before, await after]).toEqual([0, 5]);
});

test("where no append looks, commands that are decided together share one read, however many streams they are on", async () => {
  await using bench = benchOn(false);
  const all = () => Promise.all(Array.from({ length: 100 }, (_, i) => readWhilePutting(bench, `own-${i}`)));
  await all();
  const { read } = bench.store.trips;
  await all();
  expect(bench.store.trips.read).toBe(read + 1);
});

test("where appends look, commands on what has not moved read nothing", async () => {
  await using bench = benchOn(true);
  const all = () => Promise.all(Array.from({ length: 100 }, (_, i) => readWhilePutting(bench, `own-${i}`)));
  await all();
  const { read, append } = bench.store.trips;
  await all();
  expect(bench.store.trips).toMatchObject({ read, append: append + 1 });
});

test("where appends look, what moved after the decision has it decided anew, for good", async () => {
  await using bench = benchOn(true);
  await readWhilePutting(bench, "own");
  for (let i = 1; i <= 5; i++) {
    bench.store.appendFaults.push(async (append) => {
      await appendDirectly(bench.memory, "read", stored("e", 1));
      return append();
    });
    expect(await readWhilePutting(bench, "own")).toBe(i);
  }
  expect(await bench.events("own")).toHaveLength(6);
});

test("where appends look, commands of one stream that read several are decided on each of them as it is", async () => {
  await using bench = benchOn(true);
  const read = () => Promise.all(["left", "right"].map((stream) => readWhilePutting(bench, "own", stream)));
  expect(await read()).toEqual([0, 0]);
  await appendDirectly(bench.memory, "left", stored("e", 1));
  await appendDirectly(bench.memory, "right", stored("e", 2));
  expect(await read()).toEqual([1, 2]);
});
