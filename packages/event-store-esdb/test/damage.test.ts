import { type EventStore, type LogPage, START, StreamDamaged } from "@taem/event-store";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { describe, expect, test } from "vitest";
import { appendOf, newStream, openStore, WAYS } from "./support/stores.ts";

// Failures: what a click in the server's own pages hides of a stream is taken for what never was.

const damagedAs = (stream: string, what: string) => ({
  code: "stream_damaged",
  stream,
  message: expect.stringContaining(what),
});

function streamsOf({ events }: Pick<LogPage, "events">): string[] {
  return events.map(({ stream }) => stream);
}

async function expectDamaged(store: EventStore, stream: string, what: string): Promise<void> {
  const other = newStream();
  await store.append([appendOf(1, 0, other)]);
  const [slice, whole] = await store.read(
    [stream, other].map((name) => ({ stream: name, afterRevision: 0 })),
  );
  expect(() => slice?.events).toThrow(expect.objectContaining(damagedAs(stream, what)));
  expect(whole?.events).toHaveLength(1);
  await expect(Array.fromAsync(store.readStream(stream, 0, 2))).rejects.toMatchObject(
    damagedAs(stream, what),
  );
}

const HIDDEN: readonly (readonly [string, (server: TestServer, stream: string) => Promise<void>, string])[] =
  [
    ["whose beginning was hidden", (server, stream) => server.truncate(stream, 2), "has lost its event 1"],
    ["all of which was hidden", (server, stream) => server.truncate(stream, 5), "has lost its event 1"],
    ["that was deleted", (server, stream) => server.delete(stream), "was deleted in the event store"],
    ["that was deleted for ever", (server, stream) => server.tombstone(stream), "for ever"],
  ];

describe.each(WAYS)("%s", (_, batchAppend) => {
  test.each(HIDDEN)(
    "a stream %s is damaged to who reads it, and begins nowhere anew",
    async (_, hide, what) => {
      await using server = await TestServer.start({ batchAppend });
      await using store = await openStore(server);
      const stream = newStream();
      await store.append([appendOf(5, 0, stream)]);
      expect(await store.findHidden()).toEqual([]);
      await hide(server, stream);
      const hidden = {
        stream,
        what: expect.stringMatching(/^has metadata that hide events of it: {"\$tb":/),
      };
      expect(await store.findHidden()).toEqual(what === "for ever" ? [] : [hidden]);
      await expectDamaged(store, stream, what);
      const [result, other] = await store.append([appendOf(1, 0, stream), appendOf(1)]);
      expect(result).toMatchObject({ ok: false, refused: expect.any(StreamDamaged) });
      expect(other).toMatchObject({ ok: true });
      // Whatever the server has made of the append.
      await using second = await openStore(server);
      await expectDamaged(second, stream, what === "for ever" ? what : "has lost its event 1");
    },
  );
});

test.each<[string, (server: TestServer, stream: string) => Promise<void>, string]>([
  ["that was deleted for ever", (server, stream) => server.tombstone(stream), "was deleted for ever"],
  [
    "to which another program has written",
    (server, stream) => server.addEvents(stream, 1, "Greeting"),
    "has an event, Greeting, that no program of this kind wrote",
  ],
])("the log goes on behind a stream %s, and an audit of it says so", async (_, spoil, what) => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const [spoilt, sound] = [newStream(), newStream()];
  await store.append([appendOf(1, 0, spoilt)]);
  await spoil(server, spoilt);
  const stopping = new AbortController();
  const pages = store.follow(START, { limit: 10, signal: stopping.signal })[Symbol.asyncIterator]();
  await store.append([appendOf(1, 0, sound)]);
  const followed: string[] = [];
  while (followed.length < 2) followed.push(...streamsOf((await pages.next()).value));
  expect(followed).toEqual([spoilt, sound]);
  stopping.abort();
  expect(streamsOf(await store.readLog(START, 10))).toEqual([spoilt, sound]);
  const audited = await store.verifyPage(START, 10);
  expect(streamsOf(audited)).toEqual([spoilt, sound]);
  expect(audited.foreign).toMatchObject([{ stream: spoilt, what }]);
  await expectDamaged(store, spoilt, what === "was deleted for ever" ? "for ever" : what);
});

test("a stream that was deleted is told from one that has nothing new", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const stream = newStream();
  await store.append([appendOf(2, 0, stream)]);
  expect((await store.read([{ stream, afterRevision: 2 }]))[0]?.events).toEqual([]);
  await server.delete(stream);
  const [slice] = await store.read([{ stream, afterRevision: 2 }]);
  expect(() => slice?.events).toThrow(expect.objectContaining(damagedAs(stream, "was deleted")));
});

test("a stream that never was costs one look at its metadata, and one that is there none", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const stream = newStream();
  await store.append([appendOf(1, 0, stream)]);
  const reads: unknown[] = [];
  server.faults.onRead = (read) => {
    reads.push(read.stream);
    return undefined;
  };
  const missing = newStream();
  expect(
    (
      await store.read([
        { stream, afterRevision: 0 },
        { stream, afterRevision: 1 },
      ])
    )[0]?.events,
  ).toHaveLength(1);
  expect(reads).toEqual([stream, stream]);
  expect((await store.read([{ stream: missing, afterRevision: 0 }]))[0]?.events).toEqual([]);
  expect(reads.slice(2)).toEqual([missing, `$$${missing}`]);
});
