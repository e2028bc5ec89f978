import { START } from "@taem/event-store";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { eventDigest, openPostgresEventStore, type PostgresEventStore } from "../src/index.ts";
import { appendOf, newEvent, newStream } from "./support/events.ts";

const EVENTS = 30;

async function openLog() {
  const database = await createTestDatabase();
  const sql = openPool({ url: database.url, max: 2, applicationName: "test" });
  const store = await openPostgresEventStore({ database: sql });
  for (let i = 0; i < EVENTS / 3; i++) await store.append([appendOf(3)]);
  return {
    sql,
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await sql.close();
      await database.drop();
    },
  };
}

/** What an owner of the database can do. */
async function tamper(sql: Database, change: string): Promise<void> {
  await sql.query(`ALTER TABLE taem_store.events DISABLE TRIGGER append_only; ${change}`);
}

async function firstDamage(store: PostgresEventStore) {
  let after = START;
  for (;;) {
    const page = await store.verifyPage(after, 7);
    if (page.damage !== undefined || page.next === after) return page.damage;
    after = page.next;
  }
}

test.for([
  "UPDATE taem_store.events SET data = ''",
  "DELETE FROM taem_store.events",
  "TRUNCATE taem_store.events",
])("the log refuses: %s", async (statement) => {
  await using log = await openLog();
  await expect(log.sql.query(statement)).rejects.toMatchObject({ code: "23001", message: /append-only/ });
  await expect(log.sql.query(statement.replace(/SET.*/, "SET revision = 0"))).rejects.toThrow();
  expect((await log.store.readLog(START, 100)).events).toHaveLength(EVENTS);
});

test("streams are append-only too", async () => {
  await using log = await openLog();
  for (const statement of ["UPDATE taem_store.streams SET slice = 1", "DELETE FROM taem_store.streams"]) {
    await expect(log.sql.query(statement)).rejects.toMatchObject({ code: "23001" });
  }
});

test("an untouched log verifies whole", async () => {
  await using log = await openLog();
  const first = await log.store.verifyPage(START, 20);
  const second = await log.store.verifyPage(first.next, 20);
  const all = await log.store.readLog(START, 100);
  expect([...first.events, ...second.events]).toEqual(all.events);
  expect([first.damage, second.damage]).toEqual([undefined, undefined]);
});

test.for([
  `UPDATE taem_store.events SET data = '"9"' WHERE position = 17`,
  "UPDATE taem_store.events SET meta = '{ }' WHERE position = 17",
  "UPDATE taem_store.events SET type = 'PointsBurned' WHERE position = 17",
  "UPDATE taem_store.events SET event_id = gen_random_uuid() WHERE position = 17",
  "UPDATE taem_store.events SET revision = 9 WHERE position = 17",
  "UPDATE taem_store.events SET stream_id = 1, revision = 4 WHERE position = 17",
  "UPDATE taem_store.events SET digest = sha256('') WHERE position IN (17, 20)",
  "UPDATE taem_store.events SET recorded_at = recorded_at - 1000 WHERE position IN (17, 20)",
])("verification names the first event altered by: %s", async (change) => {
  await using log = await openLog();
  await tamper(log.sql, change);
  expect(await firstDamage(log.store)).toMatchObject({ kind: "altered", position: "0000000000000017" });
});

test("verification names the first event deleted, and readers refuse to read past it", async () => {
  await using log = await openLog();
  await tamper(log.sql, "DELETE FROM taem_store.events WHERE position IN (12, 13)");
  expect(await firstDamage(log.store)).toEqual({ kind: "missing", position: "0000000000000012" });
  await expect(log.store.readLog(START, 100)).rejects.toMatchObject({
    code: "event_log_damaged",
    message: /position 12:/,
  });
  const following = log.store.follow(START, { limit: 5, signal: new AbortController().signal });
  const reading = (async () => {
    for await (const _ of following);
  })();
  await expect(reading).rejects.toMatchObject({ code: "event_log_damaged" });
});

test("verification looks at names of streams that were read before, and readers refuse events of none", async () => {
  await using log = await openLog();
  await log.store.readLog(START, 100);
  const tamperStreams = (change: string) =>
    log.sql.query(`ALTER TABLE taem_store.streams DISABLE TRIGGER append_only; ${change}`);
  const third = "(SELECT stream_id FROM taem_store.events WHERE position = 7)";
  await tamperStreams(`UPDATE taem_store.streams SET name = 'taem.account-other' WHERE id = ${third}`);
  expect(await firstDamage(log.store)).toMatchObject({ kind: "altered", position: "0000000000000007" });

  await tamperStreams(`DELETE FROM taem_store.streams WHERE id = ${third}`);
  expect(await firstDamage(log.store)).toMatchObject({ kind: "altered", position: "0000000000000007" });
  await using fresh = await openPostgresEventStore({ database: log.sql });
  await expect(fresh.readLog(START, 100)).rejects.toMatchObject({
    code: "event_log_damaged",
    message: /stream of the event at position 7:/,
  });
});

test("no two events share a digest by moving text from one field to the next", () => {
  const event = { ...newEvent(), type: "ab", data: "c", meta: "d" };
  const digest = (stream: string, type: string, data: string) =>
    eventDigest(stream, 1, { ...event, type, data });
  const digests = [
    digest("s", "ab", "c"),
    digest("s", "a", "bc"),
    digest("sa", "b", "c"),
    digest("s", "ab", "c,"),
  ];
  expect(new Set(digests).size).toBe(4);
});

test("the digest of an event is fixed for ever", () => {
  const event = {
    id: "0e0b7a1c-5d4e-4d1c-9a52-0d4f2b6a7c11",
    type: "PointsEarned",
    data: '{"note":"แต้ม"}',
    meta: '{"actor":"key-1"}',
  };
  expect(eventDigest("taem.account-1", 7, event)).toBe(
    "b3d51e6628a0be18e1f917520ece445854f8d6388a001cbf70f8ede8a6ce9f75",
  );
});

test.each([
  ["its first event", "revision = 1", 1],
  ["its beginning", "revision < 3", 1],
  ["an event within", "revision = 2", 2],
  ["all its events", "true", 1],
])(
  "a stream that has lost %s is read by nobody, and what is read with it is whole",
  async (_, lost, first) => {
    await using log = await openLog();
    const [stream, other] = [newStream(), newStream()];
    await log.store.append([appendOf(3, 0, stream), appendOf(3, 0, other)]);
    await tamper(
      log.sql,
      `DELETE FROM taem_store.events WHERE ${lost} AND stream_id = (SELECT id FROM taem_store.streams WHERE name = '${stream}')`,
    );
    const damaged = {
      code: "stream_damaged",
      stream,
      message: expect.stringContaining(`lost its event ${first}:`),
    };
    for (const limit of [2, undefined]) {
      const requests = [stream, other].map((name) => ({
        stream: name,
        afterRevision: 0,
        ...(limit && { limit }),
      }));
      const [one, two] = await log.store.read(requests);
      expect(() => one?.events).toThrow(expect.objectContaining(damaged));
      expect(two?.events).toHaveLength(limit ?? 3);
    }
    for (const page of [1, 500]) {
      await expect(Array.fromAsync(log.store.readStream(stream, 0, page))).rejects.toMatchObject(damaged);
    }
  },
);

test("a stream that has lost all its events does not begin anew", async () => {
  await using log = await openLog();
  const stream = newStream();
  await log.store.append([appendOf(1, 0, stream)]);
  await tamper(
    log.sql,
    `DELETE FROM taem_store.events WHERE stream_id = (SELECT id FROM taem_store.streams WHERE name = '${stream}')`,
  );
  const confirming = { ...appendOf(0, 0, stream), events: [] };
  for (const append of [appendOf(1, 0, stream), confirming])
    expect(await log.store.append([append])).toEqual([{ ok: false, conflict: { actualRevision: 0 } }]);
});
