import { expect, test, vi } from "vitest";
import type { SealedSnapshot } from "../src/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import {
  appendDirectly,
  commandOn,
  decideOn,
  openBench,
  type Purse,
  type PurseEvent,
  purseAggregate,
  sealed,
  snapshotting,
  stored,
} from "../testing/purse.ts";

/** A log in which one stream has many events already. */
async function longStream(length: number): Promise<MemoryEventStore> {
  const memory = new MemoryEventStore();
  await appendDirectly(memory, "long", ...Array.from({ length }, (_, i) => stored(`e${i}`, 1)));
  return memory;
}

test("a state that was evicted is read again, and is right", async () => {
  // Room for about three streams of one event.
  await using bench = openBench({ cacheBytes: 1_000 });
  for (let i = 0; i < 10; i++) await bench.move(`stream-${i}`, "one", 1);
  const { read } = bench.store.trips;
  expect(await bench.move("stream-9", "two", 1)).toMatchObject({ balance: 2 });
  expect(bench.store.trips.read).toBe(read);
  expect(await bench.move("stream-0", "two", 1)).toEqual({ balance: 2, revision: 2, done: true });
  expect(bench.store.trips.read).toBe(read + 1);
});

test("a state heavier than the whole cache is decided on all the same", async () => {
  await using bench = openBench({ cacheBytes: 500 });
  for (let i = 0; i < 20; i++) {
    expect(await bench.move("heavy", `c${i}`, 1)).toEqual({ balance: i + 1, revision: i + 1, done: true });
  }
});

test("a stream longer than a page is read to its end", async () => {
  const memory = await longStream(4_500);
  await using bench = openBench({}, memory);
  expect(await bench.move("long", "one more", 1)).toEqual({ balance: 4_501, revision: 4_501, done: true });
});

test("a snapshot is taken after a thousand events, and the next reader reads on from it", async () => {
  const memory = await longStream(1_000);
  const bench = openBench({}, memory, snapshotting());
  const saved = vi.spyOn(bench.snapshots, "save");
  await bench.move("long", "one more", 1);
  await bench.handler.close();
  expect(saved.mock.calls.map(([[snapshot]]) => [snapshot?.revision, snapshot?.schema])).toEqual([
    [1_000, "purse-1"],
  ]);
  const reads = vi.spyOn(memory, "read");
  await using next = bench.another();
  expect(await next.move("long", "another", 1)).toEqual({ balance: 1_002, revision: 1_002, done: true });
  expect(reads.mock.calls.at(-1)?.[0]).toEqual([
    { stream: "long", afterRevision: 999, limit: expect.any(Number) },
  ]);
  expect(saved).toHaveBeenCalledTimes(1);
});

test("a stream that is in use is written out every thousand events, and a longer one less often", async () => {
  const memory = await longStream(8_000);
  const bench = openBench({}, memory, snapshotting());
  const saved = vi.spyOn(bench.snapshots, "save");
  for (let i = 0; i < 4; i++) {
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => bench.move("long", `c${i} ${n}`, 1)));
  }
  await bench.handler.close();
  expect(saved.mock.calls.flat(2).map(({ revision }) => revision)).toEqual([8_000, 10_000, 12_000]);
});

/** A snapshot of the stream `long` as this installation makes it. */
const kept = (revision: number, state: string, schema = "purse-1") => ({
  stream: "long",
  revision,
  schema,
  state: Buffer.from(state),
});

/** What has happened by then in the stream `long`. */
function purseAt(revision: number): Purse {
  return { balance: revision, labels: Array.from({ length: revision }, (_, i) => `e${i}`) };
}

test("a snapshot of another schema is ignored", async () => {
  const memory = await longStream(100);
  await using bench = openBench({}, memory, snapshotting());
  await sealed(bench.snapshots).save([kept(90, '{"balance":777,"labels":[]}', "purse-0")]);
  expect(await bench.move("long", "one more", 1)).toEqual({ balance: 101, revision: 101, done: true });
  expect(bench.reported).toEqual([]);
});

test("a snapshot that cannot be read is dropped and told of, and the stream is folded from its start", async () => {
  const memory = await longStream(100);
  await appendDirectly(memory, "other", stored("one", 1));
  await using bench = openBench({}, memory, snapshotting());
  await sealed(bench.snapshots).save([kept(90, '{"balance":7')]);
  const [long, other] = await Promise.all([bench.move("long", "c", 1), bench.move("other", "c", 1)]);
  expect([long.balance, other.balance]).toEqual([101, 2]);
  expect(bench.reported).toEqual([expect.stringMatching(/^long: .*JSON/)]);
  expect(await bench.snapshots.page("", 9)).toEqual([]);
});

test.each([
  ["of another stream", { stream: "rich" }, /has not sealed/],
  ["with another revision", { revision: 91 }, /has not sealed/],
  [
    "with another state",
    { state: Buffer.from(JSON.stringify({ ...purseAt(90), balance: 9_000 })) },
    /has not sealed/,
  ],
  ["with no seal", { seal: new Uint8Array() }, /has not sealed/],
])("a snapshot %s is dropped and told of, whoever put it there", async (_, altered, why) => {
  const memory = await longStream(100);
  await using bench = openBench({}, memory, snapshotting());
  await sealed(bench.snapshots).save([kept(90, JSON.stringify(purseAt(90)))]);
  const [own] = await bench.snapshots.page("", 1);
  vi.spyOn(bench.snapshots, "load").mockResolvedValue([{ ...(own as SealedSnapshot), ...altered }]);
  expect(await bench.move("long", "one more", 1)).toEqual({ balance: 101, revision: 101, done: true });
  expect(bench.reported).toEqual([expect.stringMatching(why)]);
});

test.each([
  ["whose event says otherwise", 90, { ...purseAt(90), labels: purseAt(89).labels }, "says otherwise"],
  ["with more events than the stream has", 120, purseAt(120), "no such event"],
])("a snapshot that was sealed here and %s is dropped and told of", async (_, revision, state, why) => {
  const memory = await longStream(100);
  await using bench = openBench({}, memory, snapshotting());
  await sealed(bench.snapshots).save([kept(revision, JSON.stringify(state))]);
  expect(await bench.move("long", "one more", 1)).toEqual({ balance: 101, revision: 101, done: true });
  expect(bench.reported).toEqual([expect.stringContaining(why)]);
  expect(await bench.snapshots.page("", 9)).toEqual([]);
});

test("where snapshots cannot be had, streams are folded from their start, and it is told", async () => {
  const memory = await longStream(100);
  await using bench = openBench({}, memory, snapshotting());
  vi.spyOn(bench.snapshots, "load").mockRejectedValue(new Error("away"));
  expect(await bench.move("long", "one more", 1)).toMatchObject({ balance: 101 });
  expect(bench.reported).toEqual(["away"]);
});

test("a handler that closes writes out what would take long to fold again, and nothing else", async () => {
  const bench = openBench({}, undefined, snapshotting());
  await Promise.all(Array.from({ length: 60 }, (_, n) => bench.move("much", `m${n}`, 1)));
  await Promise.all(Array.from({ length: 10 }, (_, n) => bench.move("little", `l${n}`, 1)));
  await bench.handler.close();
  expect(await bench.snapshots.page("", 9)).toMatchObject([{ stream: "much", revision: 60 }]);
});

test("a snapshot that cannot be saved is reported, and the command is done", async () => {
  const memory = await longStream(1_000);
  const bench = openBench({}, memory, snapshotting());
  vi.spyOn(bench.snapshots, "save").mockRejectedValue(new Error("disk full"));
  expect(await bench.move("long", "one more", 1)).toMatchObject({ balance: 1_001 });
  await bench.handler.close();
  expect(bench.reported).toEqual(["long: disk full"]);
});

test("closing waits for the snapshots that are on their way", async () => {
  const memory = await longStream(1_000);
  const open = Promise.withResolvers<void>();
  const bench = openBench({}, memory, snapshotting());
  vi.spyOn(bench.snapshots, "save").mockReturnValue(open.promise);
  await bench.move("long", "one more", 1);
  let closed = false;
  const closing = bench.handler.close().then(() => {
    closed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(false);
  open.resolve();
  await closing;
});

test("streams of different kinds share a flush, each folded its own way", async () => {
  await using bench = openBench();
  const counting = {
    ...purseAggregate,
    evolve: (purse: Purse, _: PurseEvent) => ({ ...purse, balance: purse.balance + 1 }),
  };
  const [sum, count] = await Promise.all([
    bench.handler.execute(commandOn("sum", decideOn("a", 7))),
    bench.handler.execute(commandOn("count", decideOn("a", 7), { aggregate: counting })),
  ]);
  expect([sum.balance, count.balance]).toEqual([7, 1]);
});

test("a state that leaves the cache with much that is new is written out, and read back from there", async () => {
  const memory = new MemoryEventStore();
  const bench = openBench({ cacheBytes: 12_000 }, memory, snapshotting());
  await Promise.all(Array.from({ length: 60 }, (_, n) => bench.move("much", `m${n}`, 1)));
  await Promise.all(Array.from({ length: 10 }, (_, n) => bench.move("little", `l${n}`, 1)));
  const saved = vi.spyOn(bench.snapshots, "save");
  await Promise.all(Array.from({ length: 60 }, (_, n) => bench.move("next", `n${n}`, 1)));
  await bench.handler.close();
  expect(saved.mock.calls.flat(2).map(({ stream, revision }) => [stream, revision])).toEqual([
    ["much", 60],
    ["next", 60],
  ]);
  const reads = vi.spyOn(memory, "read");
  await using again = bench.another();
  expect(await again.move("much", "one more", 1)).toMatchObject({ balance: 61, revision: 61 });
  expect(reads.mock.calls.at(-1)?.[0]).toMatchObject([{ stream: "much", afterRevision: 59 }]);
});
