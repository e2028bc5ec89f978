import { StoreUnavailable } from "@taem/event-store";
import { ERRORS } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test } from "vitest";
import { IMPATIENT, newStream, openStore } from "./support/stores.ts";

const snapshot = (stream: string, revision: number) => ({
  stream,
  revision,
  schema: "account/1",
  state: `{"n":${revision}}`,
});

test("a stream's snapshots lie in a stream of their own, outside the log, that keeps one", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const stream = newStream();
  for (const revision of [1, 2, 3]) await store.saveSnapshots([snapshot(stream, revision)]);
  expect(server.eventsOf(`taem-snapshot-${stream}`)).toMatchObject([{ revision: 2 }]);
  expect(await store.head()).toBe("");
});

test("of snapshots saved at once by several the highest revision stays", async () => {
  await using server = await TestServer.start();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(server)));
  const stream = newStream();
  const revisions = [5, 12, 3, 9];
  await Promise.all(stores.map((store, i) => store.saveSnapshots([snapshot(stream, revisions[i] ?? 0)])));
  for (const store of stores) {
    expect(await store.loadSnapshots([stream], "account/1")).toEqual([snapshot(stream, 12)]);
  }
  await Promise.all(stores.map((store) => store.close()));
});

test("a snapshot that cannot be saved at the moment rejects with StoreUnavailable", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server, IMPATIENT);
  server.faults.onAppend = () => ({ kind: "error", stored: false, error: ERRORS.notReady });
  await expect(store.saveSnapshots([snapshot(newStream(), 1)])).rejects.toBeInstanceOf(StoreUnavailable);
});
