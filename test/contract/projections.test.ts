import { randomUUID } from "node:crypto";
import { createClient } from "@taem/client";
import { projectionsOf, reactorsOf, readModelsOf } from "@taem/host";
import { SLICES } from "@taem/kernel";
import { type Projection, Projector, rebuild, schemaOf, storeLogSource, verifyRows } from "@taem/processing";
import { encodeMeta } from "@taem/schema";
import { runSimulation, simulate } from "@taem/simulation";
import { contexts } from "@taem/taem-service";
import { clientKey } from "@taem/testing/client-key";
import { CATALOGUE } from "@taem/testing/product";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { enrolMany, succeeds } from "@taem/testing/programme";
import { stamps } from "@taem/testing/stamps/context";
import { card } from "@taem/testing/stamps/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// What is true of every projection of every context, with nothing but its definition: a new one is held to it by being there.

const MEMBERS = 60;
const YEAR_ENDS_AT = Date.parse("2026-06-01T00:00:00Z");
const all = [...contexts, stamps];
/** Tables of every reactor, whether it sets timers or not; nobody sends any here. */
const OF_REACTORS = ["timers", "timer_marks"];
const noStore = { read: () => Promise.reject(new Error("nothing is read here")) };
const names = projectionsOf({ contexts: all, store: noStore }).map(({ name }) => name);
/** Those that `verify` makes anew: of the ledger it has a reading of its own. */
const readModelNames = readModelsOf({ contexts: all, store: noStore })
  .map(({ name }) => name)
  .filter((name) => name !== "ledger");
const categories = [...CATALOGUE.categories.values(), card];

/** Another value of a column, by its type. */
const CHANGES: Readonly<Record<string, (column: string) => string>> = {
  smallint: (column) => `(${column} + 1) % ${SLICES}`,
  int: (column) => `${column} + 1`,
  bigint: (column) => `${column} + 1`,
  text: (column) => `coalesce(${column}, '') || 'x'`,
  uuid: () => "gen_random_uuid()",
};

describe.each(names)("the projection %s", (name) => {
  const [declared] = projectionsOf({ contexts: all, store: noStore }).filter((one) => one.name === name);
  const { tables } = declared as Projection;

  test("has tables whose rows belong to a slice and are identified by a key", () => {
    expect(tables.length).toBeGreaterThan(0);
    for (const { columns, key } of tables) {
      expect(Object.entries(columns)[0]).toEqual(["slice", expect.stringMatching(/^smallint NOT NULL/)]);
      expect(Object.keys(columns)).toEqual(expect.arrayContaining([...key]));
    }
  });
});

describe("on a year of a programme", () => {
  const undo = new AsyncDisposableStack();
  let installation: TestInstallation;
  let program: TestProgram;

  beforeAll(async () => {
    installation = undo.use(await createInstallation());
    {
      await using writer = await installation.start({ contexts: all });
      const { store } = writer.platform;
      await using clerk = createClient({ url: writer.api.url, key: await clientKey(store, "clerk") });
      await using supervisor = createClient({
        url: writer.api.url,
        key: await clientKey(store, "supervisor"),
      });
      const simulation = simulate({ endsAt: YEAR_ENDS_AT, members: MEMBERS, seed: 7 });
      const summary = await runSimulation({ clerk, supervisor, programme: "sim", simulation });
      expect(summary).toMatchObject({ unexpected: 0 });
      for (const roles of [[{ role: "auditor" }], [{ role: "cashier", programme: "sim" }]])
        await succeeds(writer.api.post("/v1/people", { roles }));
      for (const member of await enrolMany(writer.api, "sim", "stamped", 5))
        for (const stamps of [1, 5])
          await succeeds(writer.api.post(`/v1/programmes/sim/members/${member}/stamps`, { stamps }));
    }
    // Nothing is projected, and nothing is carried out, but by the tests.
    program = undo.use(await installation.start({ contexts: all, services: "commands" }));
  }, 120_000);

  afterAll(() => undo.disposeAsync());

  /** All rows of a projection's tables, as a projector makes them of the log from nothing. */
  async function rowsInBatchesOf(
    batchSize: number,
    projection: Projection,
  ): Promise<Record<string, unknown[]>> {
    const { database, store } = program.platform;
    const schema = schemaOf(projection);
    await database.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    const projector = new Projector({
      ...program.platform,
      projection,
      source: storeLogSource(store),
      batchSize,
    });
    await projector.start();
    const position = await store.head();
    for (let slice = 0; slice < SLICES; slice++)
      expect(await projector.waitFor({ slice, position }, 60_000)).toBe(true);
    await projector.stop();
    const rows: Record<string, unknown[]> = {};
    for (const table of [...projection.tables.map((one) => one.name), "checkpoints", "parked"])
      rows[table] = (await database.query(`SELECT * FROM ${schema}.${table} t ORDER BY t`)).rows;
    return rows;
  }

  const named = (name: string) =>
    projectionsOf({ contexts: all, store: program.platform.store }).find(
      (one) => one.name === name,
    ) as Projection;

  test.each(names)(
    "%s has the same rows in batches of 1, 7 and 2,000, and none is parked",
    async (name) => {
      const one = await rowsInBatchesOf(1, named(name));
      expect(one["parked"]).toEqual([]);
      for (const { name: table } of named(name).tables)
        if (!OF_REACTORS.includes(table)) expect(one[table]?.length, table).toBeGreaterThan(0);
      expect(await rowsInBatchesOf(7, named(name))).toEqual(one);
      expect(await rowsInBatchesOf(2_000, named(name))).toEqual(one);
    },
    180_000,
  );

  test.each(reactorsOf({ contexts: all }).map(({ name }) => name))(
    "something comes of events by the reactor %s, and a rebuild sends nothing",
    async (name) => {
      const { database, store } = program.platform;
      const projection = named(name);
      const sent = () => database.queryArrays<[string]>("SELECT key FROM taem_queues.outbox ORDER BY seq");
      await database.query("DELETE FROM taem_queues.outbox WHERE queue = $1", [name]);
      const { timers } = await rowsInBatchesOf(2_000, projection);
      const before = await sent();
      expect((timers?.length ?? 0) + before.length).toBeGreaterThan(0);
      await rebuild({ projection, database, store, expect: "equal" });
      expect(await sent()).toEqual(before);
    },
  );

  test.each(names)("%s rebuilt has the rows that are there, and a unique key for each", async (name) => {
    const { database, store } = program.platform;
    const projection = named(name);
    const outcome = await rebuild({ projection, database, store, expect: "equal" });
    expect(outcome).toMatchObject({ outcome: "taken_over", changes: [] });
    for (const table of projection.tables) {
      const { rows } = await database.query<{ columns: string[] }>(
        `SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int[], a.attnum::int)) AS columns
           FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
          WHERE i.indrelid = $1::regclass AND i.indisprimary GROUP BY i.indexrelid`,
        [`${schemaOf(projection)}.${table.name}`],
      );
      expect(
        rows.map(({ columns }) => columns),
        table.name,
      ).toEqual([[...table.key]]);
    }
  });

  test.each(readModelNames)(
    "`verify` finds every value of %s that is not what the log says",
    async (name) => {
      const { database, store } = program.platform;
      const projection = named(name);
      const schema = schemaOf(projection);
      await rowsInBatchesOf(2_000, projection);
      const differing = async () => (await verifyRows({ projection, database, store }))?.difference;
      expect(await differing()).toBeUndefined();
      for (const { name: table, columns, key } of projection.tables) {
        const live = `${schema}.${table}`;
        const last = `ctid = (SELECT ctid FROM ${live} ORDER BY ${key.join(", ")} LIMIT 1)`;
        await database.query(`CREATE TABLE saved AS TABLE ${live}`);
        const restore = () => database.query(`DELETE FROM ${live}; INSERT INTO ${live} TABLE saved`);
        for (const [column, type] of Object.entries(columns)) {
          const change = CHANGES[type.split(" ")[0] as string];
          await database.query(`UPDATE ${live} SET ${column} = ${change?.(column)} WHERE ${last}`);
          const isOfKey = column === "slice" || key.includes(column);
          expect(await differing(), column).toMatchObject({ table, column: isOfKey ? undefined : column });
          await restore();
        }
        await database.query(`DELETE FROM ${live} WHERE ${last}`);
        expect(await differing()).toMatchObject({ table, column: undefined, live: null });
        await restore();
        await database.query("DROP TABLE saved");
      }
      expect(await differing()).toBeUndefined();
    },
  );

  test("each stops at what it does not know of what it reads, and reads on past all else", async () => {
    const { store, database } = program.platform;
    const slices = new Map(categories.map(({ name }, slice) => [name, slice]));
    const meta = encodeMeta(1, { actor: "the future", correlation: "the future" });
    for (const [category, slice] of slices) {
      const event = { id: randomUUID(), type: "FromTheFuture", data: "{}", meta };
      const stream = `taem.${category}-${randomUUID()}`;
      const [appended] = await store.append([{ stream, slice, expectedRevision: 0, events: [event] }]);
      expect(appended).toMatchObject({ ok: true });
    }
    const position = await store.head();
    for (const name of names) {
      const projection = named(name);
      const source = storeLogSource(store);
      const projector = new Projector({ ...program.platform, projection, source });
      await projector.start();
      for (const [category, slice] of slices) {
        const isOwn = projection.catalogue.categories.has(category);
        if (isOwn)
          await expect
            .poll(() => projector.status().stopped.get(slice), { timeout: 20_000 })
            .toContain("FromTheFuture");
        else
          expect(await projector.waitFor({ slice, position }, 20_000), `${name} of ${category}`).toBe(true);
      }
      await projector.stop();
      expect(await database.query(`SELECT 1 FROM ${schemaOf(projection)}.parked`)).toMatchObject({
        rowCount: 0,
      });
    }
  }, 60_000);
});
