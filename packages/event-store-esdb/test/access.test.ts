import { EventStoreDBClient } from "@eventstore/db-client";
import { START } from "@taem/event-store";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test } from "vitest";
import { openEsdbEventStore, restrictAccess } from "../src/index.ts";
import { appendOf, newStream } from "./support/stores.ts";

const users = { admin: ["$admins"], taem: [], other: [] } as const;

/** The test server takes the connection's name for the user's. */
const as = ({ url }: TestServer, name: keyof typeof users): string => `${url}&connectionName=${name}`;

test("our user appends, reads and follows, and can neither delete nor hide anything", async () => {
  await using server = await TestServer.start({ users });
  const stream = newStream();
  await expect(openEsdbEventStore({ url: as(server, "taem") })).rejects.toMatchObject({
    code: "event_store_access_denied",
  });
  await restrictAccess(as(server, "admin"), "taem");
  await restrictAccess(as(server, "admin"), "taem");
  expect(server.eventsOf("$settings")).toHaveLength(1);

  await using store = await openEsdbEventStore({ url: as(server, "taem") });
  expect(await store.append([appendOf(2, 0, stream), appendOf(1)])).toMatchObject([
    { ok: true },
    { ok: true },
  ]);
  expect((await store.read([{ stream, afterRevision: 0 }]))[0]?.events).toHaveLength(2);
  // Of a stream that is not there, its metadata are looked at.
  expect((await store.read([{ stream: newStream(), afterRevision: 0 }]))[0]?.events).toEqual([]);
  expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(await store.head());
  for await (const { events } of store.follow(START, { limit: 3, signal: AbortSignal.timeout(20_000) })) {
    expect(events).toHaveLength(3);
    break;
  }

  const client = EventStoreDBClient.connectionString(as(server, "taem"));
  const denied = { type: "access-denied" };
  await expect(client.deleteStream(stream)).rejects.toMatchObject(denied);
  await expect(client.tombstoneStream(stream)).rejects.toMatchObject(denied);
  await expect(client.setStreamMetadata(stream, { truncateBefore: 1 })).rejects.toMatchObject(denied);
  await client.dispose();
  expect((await store.read([{ stream, afterRevision: 0 }]))[0]?.events).toHaveLength(2);
});

test("another user reads and writes nothing of ours", async () => {
  await using server = await TestServer.start({ users });
  await restrictAccess(as(server, "admin"), "taem");
  const denied = { code: "event_store_access_denied" };
  await expect(openEsdbEventStore({ url: as(server, "other") })).rejects.toMatchObject(denied);
  await expect(restrictAccess(as(server, "other"), "other")).rejects.toMatchObject(denied);
});

test("an administrator passes the rules: what is deleted all the same is refused when it is read", async () => {
  await using server = await TestServer.start({ users });
  await restrictAccess(as(server, "admin"), "taem");
  await using store = await openEsdbEventStore({ url: as(server, "taem") });
  const stream = newStream();
  await store.append([appendOf(2, 0, stream)]);
  const client = EventStoreDBClient.connectionString(as(server, "admin"));
  await client.deleteStream(stream);
  await client.dispose();
  const [slice] = await store.read([{ stream, afterRevision: 0 }]);
  expect(() => slice?.events).toThrow(expect.objectContaining({ code: "stream_damaged", stream }));
});
