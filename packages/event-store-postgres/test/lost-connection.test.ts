import { OutcomeUnknown, START } from "@taem/event-store";
import { createTestDatabase, openTcpProxy } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { openPostgresEventStore } from "../src/index.ts";
import { appendOf } from "./support/events.ts";

const WRITERS = 8;
const APPENDS = 16;

test("an append whose answer was lost is found made, and stored once", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openPostgresEventStore({ url: proxy.url });
  const append = appendOf(2);
  const lost = proxy.loseNextReply();
  const [result] = await store.append([append]);
  await lost;
  expect(result).toMatchObject({ ok: true, revision: 2, position: await store.head() });
  expect((await store.readLog(START, 10)).events).toHaveLength(2);
});

test("a conflict whose answer was lost is a conflict when asked again", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openPostgresEventStore({ url: proxy.url });
  const { stream } = appendOf(0);
  await store.append([appendOf(3, 0, stream)]);
  const lost = proxy.loseNextReply();
  const results = await store.append([appendOf(1, 1, stream)]);
  await lost;
  expect(results).toEqual([{ ok: false, conflict: { actualRevision: 3 } }]);
});

test("writers whose connections are cut again and again lose and double nothing", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using store = await openPostgresEventStore({ url: proxy.url, max: 8 });
  const write = async () => {
    const { stream } = appendOf(0);
    for (let revision = 0; revision < APPENDS; revision++) {
      if (revision % 4 === 3) setImmediate(() => proxy.cut());
      expect(await store.append([appendOf(1, revision, stream)])).toMatchObject([{ ok: true }]);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  const { events } = await store.readLog(START, 1000);
  expect(events).toHaveLength(WRITERS * APPENDS);
  expect(new Set(events.map(({ id }) => id)).size).toBe(WRITERS * APPENDS);
});

test("closing the store ends an append that waits for the server, and a follower that waits for events", async () => {
  await using database = await createTestDatabase();
  const proxy = await openTcpProxy(database.url);
  const store = await openPostgresEventStore({ url: proxy.url });
  const following = store.follow(START, { limit: 1, signal: new AbortController().signal });
  const next = following[Symbol.asyncIterator]().next();
  await proxy.close();
  const appending = store.append([appendOf(1)]);
  await Promise.all([store.close(), expect(appending).rejects.toBeInstanceOf(OutcomeUnknown)]);
  expect(await next).toEqual({ value: undefined, done: true });
});
