import { START } from "@taem/event-store";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test } from "vitest";
import { appendOf, openStore, wholeLog } from "./support/stores.ts";

test("an answer that ends early is no end of the log: reading goes on until nothing more comes", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  await store.append(Array.from({ length: 40 }, (_, i) => appendOf(1, 0, undefined, i % 4)));
  const log = await wholeLog(store);
  server.faults.longestRead = 3;
  expect((await store.readLog(START, 25)).events).toEqual(log.slice(0, 25));
  expect((await store.readLog(START, 100)).events).toEqual(log);
  const some = log.filter(({ slice }) => slice === 2);
  expect((await store.readLog(START, 100, { slices: [2] })).events).toEqual(some);
  expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(log.at(-1)?.position);
});

test("the server sees an event as JSON, its metadata too", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const append = appendOf(1, 0, undefined, 12);
  await store.append([append]);
  const [stored] = server.eventsOf(append.stream);
  expect(stored?.contentType).toBe("application/json");
  expect(JSON.parse(new TextDecoder().decode(stored?.metadata))).toEqual({ meta: {}, slice: 12 });
});

test("a read that begins on a connection lost long ago makes a new one", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  for (let i = 0; i < 5; i++) {
    await server.restart();
    expect(await store.head()).toBe(START);
  }
});
