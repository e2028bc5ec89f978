import type { LogAudit } from "@taem/event-store";
import type { PostgresEventStore } from "@taem/event-store-postgres";
import { SLICES } from "@taem/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { BulkLoader } from "../src/bulk-loader.ts";
import {
  describeDifference,
  type Link,
  loadCheckpoints,
  type RebuildOptions,
  rebuild,
  verifyRows,
} from "../src/index.ts";
import { linksBetween } from "../src/log-range.ts";
import { createTables } from "../src/schema.ts";
import { type Installation, Numbers, openInstallation } from "./support/installation.ts";
import { count, type Projecting, startProjector } from "./support/projecting.ts";
import { REFUSED_BY_DATABASE, Sums, totals, UNLUCKY } from "./support/sums.ts";

let installation: Installation;
let numbers: Numbers;
let running: Projecting;

beforeAll(async () => {
  installation = await openInstallation();
  numbers = new Numbers(installation.store);
  for (let round = 1; round <= 30; round++) await numbers.append(round % 7, [`a${round % 7}`, round]);
  await numbers.append(5, ["p", 1], ["p", UNLUCKY], ["p", 3]);
  await numbers.append(6, ["refused", 1], ["refused", REFUSED_BY_DATABASE], ["refused", 3]);
});
afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(async () => {
  await installation.database.query("DROP SCHEMA IF EXISTS taem_sums CASCADE");
  running = await startProjector(installation);
  await running.caughtUp();
});
afterEach(() => running[Symbol.asyncDispose]());

const run = (options: Partial<RebuildOptions> = {}) =>
  rebuild({ ...installation, projection: new Sums(), expect: "equal", ...options });

const sql = (text: string) => installation.database.query(text);

test("a rebuild of sound tables takes over, parked streams included, and the projector goes on in the new ones", async () => {
  const before = await totals(installation.database);
  await sql("COMMENT ON TABLE taem_sums.sums IS 'the old one'");
  const outcome = await run();
  expect(outcome).toEqual({
    outcome: "taken_over",
    events: Number(await installation.store.head()),
    changes: [],
  });
  const { rows } = await sql("SELECT obj_description('taem_sums.sums'::regclass) AS comment");
  expect(rows).toEqual([{ comment: null }]);
  expect(await totals(installation.database)).toEqual(before);
  expect(await count(installation.database, "taem_sums.parked")).toBe(2);
  expect(await count(installation.database, "pg_namespace WHERE nspname LIKE 'taem_sums%'")).toBe(1);

  await numbers.append(2, ["after", 5]);
  await running.caughtUp();
  expect(await totals(installation.database)).toEqual({ ...before, after: "5" });
});

test("a value changed in a live table is named with its row, column and both values", async () => {
  await sql("UPDATE taem_sums.sums SET total = total + 1 WHERE member = 'a3'");
  const outcome = await run();
  expect(outcome).toMatchObject({
    outcome: "different",
    difference: {
      table: "sums",
      slice: 3,
      key: { member: "a3" },
      column: "total",
      live: "55",
      rebuilt: "54",
    },
  });
  expect(outcome.outcome === "different" && describeDifference(outcome.difference)).toBe(
    "sums (member=a3) slice 3: total is 55 in the live table, 54 rebuilt",
  );
  expect(await totals(installation.database)).toMatchObject({ a3: "55" });
  expect(await count(installation.database, "pg_namespace WHERE nspname LIKE 'taem_sums%'")).toBe(1);
});

test("a row deleted from a live table is named, and so is one that no event made", async () => {
  await sql("DELETE FROM taem_sums.entries WHERE number = 17");
  expect(await run()).toMatchObject({
    difference: { table: "entries", slice: 3, column: undefined, live: null, rebuilt: "present" },
  });
  await sql("INSERT INTO taem_sums.entries VALUES (1, '0000000000000000', 'ghost', 1)");
  expect(await run()).toMatchObject({
    difference: { table: "entries", slice: 1, column: undefined, live: "present", rebuilt: null },
  });
});

test("a row that is there twice is told by the number of rows", async () => {
  await sql("ALTER TABLE taem_sums.entries DROP CONSTRAINT entries_pkey");
  await sql("INSERT INTO taem_sums.entries SELECT * FROM taem_sums.entries WHERE number = 9");
  expect(await run()).toMatchObject({ difference: { table: "entries", slice: 2, column: "number of rows" } });
});

test("what is verified stays as it is, and is told like what a rebuild finds, with the streams that are parked", async () => {
  const verify = () => verifyRows({ ...installation, projection: new Sums() });
  const parked = [expect.objectContaining({ key: "taem.member-p" }), expect.anything()];
  expect(await verify()).toEqual({ difference: undefined, parked });
  await sql("UPDATE taem_sums.sums SET total = total + 1 WHERE member = 'a3'");
  await sql("COMMENT ON TABLE taem_sums.sums IS 'the old one'");
  const difference = { table: "sums", column: "total", live: "55", rebuilt: "54" };
  expect(await verify()).toMatchObject({ difference });
  expect(await totals(installation.database)).toMatchObject({ a3: "55" });
  const { rows } = await sql("SELECT obj_description('taem_sums.sums'::regclass) AS comment");
  expect(rows).toEqual([{ comment: "the old one" }]);
  expect(await count(installation.database, "pg_namespace WHERE nspname LIKE 'taem_sums%'")).toBe(1);
});

test("tables of another version are not verified, and where there are none there is nothing to verify", async () => {
  const projection = new Sums();
  projection.version = 2;
  const verified = verifyRows({ ...installation, projection });
  await expect(verified).rejects.toMatchObject({ code: "projection_outdated" });
  await running.projector.stop();
  await sql("DROP SCHEMA taem_sums CASCADE");
  expect(await verifyRows({ ...installation, projection })).toBeUndefined();
});

test("a changed definition is reported, and takes over only when confirmed", async () => {
  const projection = new Sums();
  projection.version = 2;
  projection.bonus = 100;
  await running.projector.stop();
  const members = await count(installation.database, "taem_sums.sums");
  const declined = await run({ projection, expect: "changes", confirm: async () => false });
  expect(declined).toMatchObject({
    outcome: "declined",
    changes: [{ table: "sums", removed: 0, added: 0, changed: members, first: { column: "total" } }],
  });
  expect(await run({ projection, expect: "changes", confirm: async () => true })).toMatchObject({
    outcome: "taken_over",
  });
  expect(await totals(installation.database)).toMatchObject({ p: "101", refused: "101" });
  await using mended = await startProjector(installation, { projection });
  await mended.caughtUp();
});

test("a projector of an older version writes nothing into tables of a newer one, and says so", async () => {
  const newer = new Sums();
  newer.version = 2;
  newer.bonus = 100;
  expect(await run({ projection: newer, expect: "changes", confirm: async () => true })).toMatchObject({
    outcome: "taken_over",
  });
  const before = await totals(installation.database);
  await numbers.append(3, ["late", 1]);
  const complains = () =>
    running.logger.lines.some(
      ({ fields }) => (fields["err"] as { code?: string })?.code === "projection_outdated",
    );
  await vi.waitFor(() => expect(complains()).toBe(true), 10_000);
  await running.projector.stop();
  expect(await totals(installation.database)).toEqual(before);
  await using right = await startProjector(installation, { projection: newer });
  await right.caughtUp();
  expect(await totals(installation.database)).toEqual({ ...before, late: "101" });
});

test("tables that were never there are built", async () => {
  await running.projector.stop();
  const before = await totals(installation.database);
  await sql("DROP SCHEMA taem_sums CASCADE");
  expect(await run()).toMatchObject({ outcome: "taken_over" });
  expect(await totals(installation.database)).toEqual(before);
});

test("events appended while a rebuild runs are in the tables that take over", async () => {
  const writing = (async () => {
    for (let i = 0; i < 40; i++) await numbers.append(i % SLICES, [`w${i}`, i]);
  })();
  const outcome = await run();
  await writing;
  expect(outcome.outcome).toBe("taken_over");
  await running.caughtUp();
  expect(await totals(installation.database)).toMatchObject({ w0: "0", w39: "39" });
  const rebuilt = await run();
  expect(rebuilt.outcome).toBe("taken_over");
});

test("of two rebuilds at once one is refused", async () => {
  const outcomes = await Promise.allSettled([run(), run()]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "rebuild_in_progress" },
  });
});

test("progress counts the events that will be loaded", async () => {
  const reports: string[] = [];
  await run({ onProgress: ({ phase, done, total }) => reports.push(`${phase} ${done}/${total}`) });
  const events = Number(await installation.store.head());
  expect(reports).toContain(`load ${events}/${events}`);
  expect(reports.at(-1)).toBe("take_over 1/1");
});

test("a load in many folds gives the rows of a load in one", async () => {
  const { database, store } = installation;
  const projection = new Sums();
  const built: unknown[] = [];
  for (const eventsInMemory of [5, 1_000]) {
    await sql("DROP SCHEMA IF EXISTS loaded CASCADE");
    await database.transaction((transaction) => createTables(transaction, projection, "loaded"));
    const checkpoints = await loadCheckpoints(database, "loaded");
    const loader = new BulkLoader(database, projection, "loaded", checkpoints, eventsInMemory);
    const target = await loadCheckpoints(database, "taem_sums");
    const { signal } = new AbortController();
    const sound = (link: Link) => !link.event?.record.stream.endsWith("refused");
    for await (const links of linksBetween(store, new Map(checkpoints), target, 3, signal)) {
      await loader.add(links.filter(sound));
    }
    await loader.finish();
    const tables = ["entries", "sums", "checkpoints", "parked"];
    const rows = tables.map(async (table) => (await sql(`SELECT * FROM loaded.${table} t ORDER BY t`)).rows);
    built.push(await Promise.all(rows));
  }
  expect(built[1]).toEqual(built[0]);
  await sql("DROP SCHEMA loaded CASCADE");
});

test("a report that has begun ends on the tables it began on, and is not cancelled", async () => {
  const { database } = installation;
  const read = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const report = database.transaction(
    async (transaction) => {
      const before = await transaction.query("SELECT count(*) FROM taem_sums.sums");
      read.resolve();
      await go.promise;
      const tables = ["sums", "entries", "checkpoints", "parked"];
      for (const table of tables) await transaction.query(`SELECT count(*) FROM taem_sums.${table}`);
      const after = await transaction.query("SELECT count(*) FROM taem_sums.sums");
      return { before: before.rows, after: after.rows };
    },
    { snapshot: true },
  );
  await read.promise;
  const takingOver = Promise.withResolvers<void>();
  const rebuilding = run({
    onProgress: ({ phase }) => {
      if (phase === "take_over") takingOver.resolve();
    },
  });
  await takingOver.promise;
  await vi.waitFor(async () => {
    const waiting = await count(
      database,
      "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    expect(waiting).toBeGreaterThan(0);
  });
  go.resolve();
  const { before, after } = await report;
  expect(after).toEqual(before);
  expect((await rebuilding).outcome).toBe("taken_over");
});

test("a rebuild that cannot take over in its time gives up, says what to do, and leaves the live tables", async () => {
  const { database } = installation;
  const before = await totals(database);
  await database.transaction(async (report) => {
    await report.query("SELECT count(*) FROM taem_sums.sums");
    await expect(run({ takeOverMs: 1_000 })).rejects.toMatchObject({
      code: "take_over_blocked",
      message: expect.stringContaining("pg_stat_activity"),
    });
    await numbers.append(4, ["meanwhile", 1]);
    await running.caughtUp();
  });
  expect(await totals(database)).toEqual({ ...before, meanwhile: "1" });
  expect(await count(database, "pg_namespace WHERE nspname LIKE 'taem_sums%'")).toBe(1);
  expect((await run()).outcome).toBe("taken_over");
});

test("what has come since the comparison is caught up with while projectors go on, but for a small rest", async () => {
  const { database, store } = installation;
  const projection = new Sums();
  projection.version = 2;
  projection.bonus = 1;
  const phases = new Set<string>();
  let read = 0;
  let underLock = 0;
  const seen = async <P extends { readonly events: readonly unknown[] }>(reading: Promise<P>) => {
    const page = await reading;
    const held = await count(database, LOCKED);
    read += page.events.length;
    if (held > 0) underLock += page.events.length;
    return page;
  };
  const watched = {
    ...store,
    readLog: async (...asked: Parameters<typeof store.readLog>) => await seen(store.readLog(...asked)),
    verifyPage: async (...asked: Parameters<LogAudit["verifyPage"]>) =>
      await seen((store as PostgresEventStore).verifyPage(...asked)),
  };
  const confirm = async () => {
    const many = Array.from({ length: 500 }, (_, i) => [`m${i % 7}`, 1] as [string, number]);
    for (let round = 0; round < 10; round++) await numbers.append(9, ...many);
    await running.caughtUp();
    read = 0;
    return true;
  };
  const onProgress = ({ phase }: { phase: string }) => phases.add(phase);
  const outcome = await run({ store: watched, projection, expect: "changes", confirm, onProgress });
  expect(outcome.outcome).toBe("taken_over");
  expect(read).toBeGreaterThanOrEqual(5_000);
  expect(underLock).toBeLessThanOrEqual(2_000);
  expect([...phases]).toEqual(["load", "index", "catch_up", "take_over"]);
});

/** Who keeps projectors out. */
const LOCKED = `pg_locks WHERE relation = to_regclass('taem_sums.checkpoints') AND mode = 'ExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
