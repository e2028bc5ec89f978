import { START } from "@taem/event-store";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { openPostgresEventStore } from "../src/index.ts";
import { appendOf, newEvent, newStream } from "./support/events.ts";

test("a thousand appends, conflicts and repeats among them, take one round trip", async () => {
  await using database = await createTestDatabase();
  await using pool = openPool({ url: database.url, max: 2, applicationName: "test" });
  let trips = 0;
  const counting: Database = {
    ...pool,
    within: () => counting,
    queryArrays: (statement, values) => {
      trips++;
      return pool.queryArrays(statement, values);
    },
  };
  await using store = await openPostgresEventStore({ database: counting });
  const batch = Array.from({ length: 1000 }, () => appendOf(1));
  const first = await store.append(batch);
  const mixed = batch.map((append, i) => (i % 2 === 0 ? append : appendOf(1, 0, append.stream)));
  const second = await store.append(mixed);
  expect(trips).toBe(2);
  expect(second).toEqual(
    first.map((result, i) => (i % 2 === 0 ? result : { ok: false, conflict: { actualRevision: 1 } })),
  );
});

test("an id sent again with other bytes is a conflict, never the old bytes acknowledged", async () => {
  await using database = await createTestDatabase();
  await using store = await openPostgresEventStore({ url: database.url });
  const append = appendOf(1);
  await store.append([append]);
  const altered = { ...append, events: append.events.map((event) => ({ ...event, data: '"other"' })) };
  expect(await store.append([altered])).toEqual([{ ok: false, conflict: { actualRevision: 1 } }]);
});

test("a malformed append is refused whole and writes nothing", async () => {
  await using database = await createTestDatabase();
  await using store = await openPostgresEventStore({ url: database.url });
  const good = appendOf(1);
  const badSlice = { ...appendOf(1), slice: 64 };
  const badId = { ...appendOf(1), events: [{ ...newEvent(), id: "not-a-uuid" }] };
  const withNul = { ...appendOf(1), events: [newEvent("\u0000")] };
  for (const bad of [badSlice, badId, withNul]) await expect(store.append([good, bad])).rejects.toThrow();
  expect(await store.head()).toBe(START);
});

test("instances that open one new database at once all serve", async () => {
  await using database = await createTestDatabase();
  const stores = await Promise.all(
    Array.from({ length: 6 }, () => openPostgresEventStore({ url: database.url })),
  );
  for (const store of stores) expect(await store.append([appendOf(1)])).toMatchObject([{ ok: true }]);
  expect((await stores[0]!.readLog(START, 10)).events).toHaveLength(6);
  await Promise.all(stores.map((store) => store.close()));
});

test("pages and heads are read through indexes, on tables without statistics too", async () => {
  await using database = await createTestDatabase();
  await using pool = openPool({ url: database.url, max: 1, applicationName: "test" });
  await using store = await openPostgresEventStore({ database: pool });
  await store.append(Array.from({ length: 2000 }, () => appendOf(2)));
  const plan = async (query: string) =>
    (await pool.queryArrays<[string]>(`EXPLAIN ${query}`)).map(([line]) => line).join("\n");
  for (const analyzed of [false, true]) {
    if (analyzed) await pool.query("ANALYZE taem_store.events, taem_store.streams");
    const page = await plan(
      "SELECT * FROM taem_store.events e WHERE e.position > 100 ORDER BY e.position LIMIT 50",
    );
    const head = await plan("SELECT e.position FROM taem_store.events e ORDER BY e.position DESC LIMIT 1");
    const stream = await plan(`SELECT * FROM taem_store.events e WHERE e.stream_id =
      (SELECT id FROM taem_store.streams WHERE name = '${newStream()}') AND e.revision > 3 ORDER BY e.revision`);
    expect(page).toContain("Index Scan using events_pkey");
    expect(head).toMatch(/Index (Only )?Scan Backward using events_pkey/);
    expect(stream).toContain("streams_name_key");
    expect(stream).toContain("events_stream_id_revision_key");
  }
});
