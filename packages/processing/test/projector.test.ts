import { type Position, StoreUnavailable } from "@taem/event-store";
import { openPool } from "@taem/postgres";
import { openSilentCopy, openTcpProxy } from "@taem/postgres/testing";
import { createMetrics, systemClock } from "@taem/runtime";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type EventSource, type Link, Projector, storeLogSource } from "../src/index.ts";
import { type Installation, Numbers, openInstallation } from "./support/installation.ts";
import { altered, count, MemoryLogger, startProjector } from "./support/projecting.ts";
import { REFUSED_BY_DATABASE, Sums, totals, UNLUCKY } from "./support/sums.ts";

const SLICE = 5;
const OTHER = 40;

describe("a projector", () => {
  let installation: Installation;
  let numbers: Numbers;

  beforeAll(async () => {
    installation = await openInstallation();
    numbers = new Numbers(installation.store);
    for (let round = 1; round <= 40; round++) {
      await numbers.append(SLICE, ["a", round], ["b", 2 * round]);
      await numbers.append(OTHER, ["c", 3 * round]);
    }
  });
  afterAll(() => installation[Symbol.asyncDispose]());

  const expected = { a: "820", b: "1640", c: "2460" };
  const reset = () => installation.database.query("DROP SCHEMA IF EXISTS taem_sums CASCADE");
  const snapshot = async () => {
    const rows: unknown[] = [];
    for (const table of ["entries", "sums", "checkpoints", "parked"]) {
      const { rows: found } = await installation.database.query(
        `SELECT * FROM taem_sums.${table} t ORDER BY t`,
      );
      rows.push(found);
    }
    return rows;
  };

  test("the same events in batches of 1, 7 and 2,000 give the same rows", async () => {
    const snapshots: unknown[] = [];
    for (const batchSize of [1, 7, 2_000]) {
      await reset();
      await using running = await startProjector(installation, { batchSize });
      await running.caughtUp();
      expect(Math.max(...running.projection.batches)).toBeLessThanOrEqual(batchSize);
      snapshots.push(await snapshot());
    }
    expect(await totals(installation.database)).toEqual(expected);
    expect(snapshots[1]).toEqual(snapshots[0]);
    expect(snapshots[2]).toEqual(snapshots[0]);
  });

  test("rows and checkpoint are written together or not at all", async () => {
    await reset();
    const projection = new Sums();
    projection.failures.push("53200", "40P01");
    await using running = await startProjector(installation, { projection, batchSize: 11 });
    await running.caughtUp();
    expect(projection.failures).toEqual([]);
    expect(await totals(installation.database)).toEqual(expected);
    expect(await count(installation.database, "taem_sums.entries")).toBe(120);
    expect(running.projector.status().parked).toBe(0);
  });

  test("a source that repeats itself changes nothing", async () => {
    await reset();
    const source = altered(storeLogSource(installation.store), (links) => [links, links, links.slice(3)]);
    await using running = await startProjector(installation, { source, batchSize: 10 });
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual(expected);
  });

  test("what a source leaves out is read from the store", async () => {
    await reset();
    const isKept = ({ event }: Link) => event === undefined || Number(event.record.position) % 3 === 0;
    const source = altered(storeLogSource(installation.store), (links) => [links.filter(isKept)]);
    await using running = await startProjector(installation, { source, batchSize: 10 });
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual(expected);
    expect(running.logger.lines.some(({ message }) => message.includes("from the store"))).toBe(true);
  });

  test("two projectors of the same slices write everything once", async () => {
    await reset();
    await using one = await startProjector(installation, { batchSize: 9 });
    await using two = await startProjector(installation, { batchSize: 5 });
    await Promise.all([one.caughtUp(), two.caughtUp()]);
    expect(await totals(installation.database)).toEqual(expected);
    expect(await count(installation.database, "taem_sums.entries")).toBe(120);
  });

  test("a projector whose connections are cut goes on where it was", async () => {
    await reset();
    await using proxy = await openTcpProxy(installation.url);
    await using database = openPool({ url: proxy.url, max: 2, applicationName: "cut" });
    await using running = await startProjector(installation, { database, batchSize: 3 });
    for (const batches of [3, 9, 15]) {
      await vi.waitFor(() => expect(running.projection.batches.length).toBeGreaterThan(batches), 10_000);
      proxy.cut();
    }
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual(expected);
    expect(await count(installation.database, "taem_sums.entries")).toBe(120);
  });

  test("a commit whose answer is lost is not written a second time", async () => {
    await reset();
    await using proxy = await openTcpProxy(installation.url);
    await using database = openPool({ url: proxy.url, max: 1, applicationName: "lost" });
    const projection = new Sums();
    await using running = await startProjector(installation, { database, projection, batchSize: 50 });
    await running.projector.pause();
    await numbers.append(SLICE, ["late", 7]);
    const lost = proxy.loseNextReply();
    running.projector.resume();
    await lost;
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual({ ...expected, late: "7" });
  });

  test("what a process holds that fell silent within a COPY is had from it", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.caughtUp();
    await using silent = await openSilentCopy(
      installation.url,
      "UPDATE taem_sums.checkpoints SET events = events",
      "taem_sums.entries",
    );
    await numbers.append(SLICE, ["waiting", 7]);
    await silent.ended;
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual({ ...expected, late: "7", waiting: "7" });
  });

  test("rows lost with a commit that nobody waited for are written again while the log stands still", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.caughtUp();
    const before = await snapshot();
    // What a crash of the server leaves of a transaction that had not reached the disk.
    await installation.database.query(`
      TRUNCATE taem_sums.entries, taem_sums.sums;
      UPDATE taem_sums.checkpoints SET position = '', events = 0 WHERE slice IN (${SLICE}, ${OTHER})`);
    await vi.waitFor(async () => expect(await snapshot()).toEqual(before), 15_000);
  });

  test("it stands still while paused", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.caughtUp();
    await running.projector.pause();
    const before = await snapshot();
    await numbers.append(SLICE, ["paused", 1]);
    expect(
      await running.projector.waitFor({ slice: SLICE, position: await installation.store.head() }, 300),
    ).toBe(false);
    expect(await snapshot()).toEqual(before);
    running.projector.resume();
    await running.caughtUp();
    expect(await totals(installation.database)).toMatchObject({ paused: "1" });
  });

  test("a waiter is woken by what another process commits", async () => {
    await reset();
    await using waiting = await startProjector(installation);
    await waiting.caughtUp();
    await waiting.projector.pause();
    await numbers.append(SLICE, ["elsewhere", 1]);
    const position = await installation.store.head();
    const waited = waiting.projector.waitFor({ slice: SLICE, position }, 20_000);
    await using other = await startProjector(installation);
    await other.caughtUp();
    expect(await waited).toBe(true);
  });

  test("events that trickle in are gathered into few batches, and one that is waited for is not held back", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.caughtUp();
    const before = running.projection.batches.length;
    const began = performance.now();
    for (let i = 0; i < 60; i++) await numbers.append(SLICE, ["trickle", 1]);
    await vi.waitFor(
      async () => expect(await totals(installation.database)).toMatchObject({ trickle: "60" }),
      10_000,
    );
    const batches = running.projection.batches.length - before;
    expect(batches).toBeLessThanOrEqual(2 + (performance.now() - began) / 100);

    await numbers.append(SLICE, ["awaited", 1]);
    const position = await installation.store.head();
    expect(await running.projector.waitFor({ slice: SLICE, position }, 20_000)).toBe(true);
  });

  test("tables that know more than the store refuse to start", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.caughtUp();
    await running.projector.stop();
    await installation.database.query(
      "UPDATE taem_sums.checkpoints SET position = '9999999999999999' WHERE slice = 3",
    );
    await expect(startProjector(installation)).rejects.toMatchObject({ code: "checkpoint_beyond_head" });
  });

  test("tables of another version refuse to start", async () => {
    await reset();
    await using running = await startProjector(installation);
    await running.projector.stop();
    const projection = new Sums();
    projection.version = 2;
    await expect(startProjector(installation, { projection })).rejects.toMatchObject({
      code: "projection_outdated",
    });
  });
});

describe("an event that cannot be projected", () => {
  let installation: Installation;
  let numbers: Numbers;

  beforeAll(async () => {
    installation = await openInstallation();
    numbers = new Numbers(installation.store);
  });
  afterAll(() => installation[Symbol.asyncDispose]());

  const parked = async () => {
    const { rows } = await installation.database.query<{ key: string; revision: number; error: string }>(
      "SELECT key, revision, error FROM taem_sums.parked ORDER BY key",
    );
    return rows;
  };

  test("parks its stream, with what follows behind it, and nothing else", async () => {
    await numbers.append(
      SLICE,
      ["sound", 1],
      ["poisoned", 1],
      ["poisoned", UNLUCKY],
      ["poisoned", 5],
      ["sound", 2],
    );
    await numbers.append(
      SLICE,
      ["refused", 1],
      ["refused", REFUSED_BY_DATABASE],
      ["refused", 7],
      ["sound", 3],
    );
    await numbers.appendRaw("taem.member-broken", SLICE, 0, "NumberAdded", `{"member":1}`);
    await using running = await startProjector(installation);
    await running.caughtUp();
    await numbers.append(SLICE, ["poisoned", 9], ["refused", 9], ["sound", 4]);
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual({ poisoned: "1", refused: "1", sound: "10" });
    expect(await parked()).toMatchObject([
      { key: "taem.member-broken", revision: 1 },
      { key: "taem.member-poisoned", revision: 2, error: "Error: an unlucky number" },
      { key: "taem.member-refused", revision: 2 },
    ]);
    expect(running.logger.lines.filter(({ level }) => level === "error").length).toBe(3);
  });

  test("parks the same streams whatever the batches", async () => {
    const before = await parked();
    await installation.database.query("DROP SCHEMA taem_sums CASCADE");
    await using running = await startProjector(installation, { batchSize: 1 });
    await running.caughtUp();
    expect(await totals(installation.database)).toEqual({ poisoned: "1", refused: "1", sound: "10" });
    expect(await parked()).toEqual(before);
  });

  test("that was read a moment before the log's end was is no reason to stop", async () => {
    const slice = 41;
    const isKept = ({ event, slice: of }: Link) => event === undefined || of !== slice;
    const source = altered(storeLogSource(installation.store), (links) => [links.filter(isKept)]);
    // As a replica has it, that has the newest events a moment later.
    let end: Position | undefined;
    let looks = 0;
    const store = {
      ...installation.store,
      head: async () => {
        const head = await installation.store.head();
        if (end === undefined || looks++ > 1) return head;
        return end;
      },
    };
    await using running = await startProjector(installation, { source, store });
    await running.caughtUp();
    end = await installation.store.head();
    await numbers.append(slice, [`late-${slice}`, 1]);
    await numbers.append(slice, [`late-${slice}`, 2]);
    await numbers.append(slice + 1, [`beside-${slice}`, 1]);
    await running.caughtUp();
    expect(await totals(installation.database)).toMatchObject({ [`late-${slice}`]: "3" });
    expect(looks).toBeGreaterThan(1);
    const complaints = running.logger.lines.filter(({ fields }) => fields["slice"] === slice);
    expect(complaints).toEqual([]);
  });

  test.each([
    ["type", 8, "MemberTeleported", 1],
    ["version", 10, "NumberAdded", 2],
  ])("of an unknown %s stops its slice, loudly, and no other", async (_, slice, type, version) => {
    await using running = await startProjector(installation);
    await numbers.appendRaw(`taem.member-new-${slice}`, slice, 0, type, "{}", version);
    await numbers.append(slice, [`behind-${slice}`, 1]);
    await numbers.append(slice + 1, [`beside-${slice}`, 1]);
    await vi.waitFor(() => expect(running.projector.status().stopped.get(slice)).toContain(type), 10_000);
    await running.caughtUp();
    expect(await totals(installation.database)).not.toHaveProperty(`behind-${slice}`);
    expect(await totals(installation.database)).toHaveProperty(`beside-${slice}`);
  });

  test("of which the log knows nothing is waited for, and its slice goes on with what the log has", async () => {
    const slice = 40;
    let lost: Link | undefined = { slice, position: "9999999999999999", previous: "9999999999999998" };
    const sound = storeLogSource(installation.store);
    const source = altered(sound, (links) => [lost === undefined ? links : [...links, lost]]);
    await using running = await startProjector(installation, { source });
    await numbers.append(slice + 1, [`beside-${slice}`, 1]);
    await running.caughtUp();
    await vi.waitFor(() =>
      expect(running.projector.status().stopped.get(slice)).toContain("but the log ends at"),
    );
    expect(running.projector.status().checkpoints.get(slice)).not.toBe(lost.position);
    expect(await totals(installation.database)).toHaveProperty(`beside-${slice}`);
    lost = undefined;
    await numbers.append(slice, [`after-${slice}`, 1]);
    await vi.waitFor(() => expect(running.projector.status().stopped.has(slice)).toBe(false), 10_000);
    await running.caughtUp();
    expect(await totals(installation.database)).toHaveProperty(`after-${slice}`);
  });

  test("in many streams at once is a bug: the slice stops and nothing more is parked", async () => {
    const before = (await parked()).length;
    await using running = await startProjector(installation);
    for (let i = 0; i < 15; i++) await numbers.append(20, [`burst-${i}`, 1], [`burst-${i}`, UNLUCKY]);
    await vi.waitFor(() => expect(running.projector.status().stopped.has(20)).toBe(true), 10_000);
    await running.caughtUp();
    expect((await parked()).length).toBeLessThanOrEqual(before + 10);
    expect(running.projector.status().stopped.get(20)).toContain("an unlucky number");
  });
});

test("a projector that cannot reach its database does not park anything", async () => {
  await using installation = await openInstallation();
  const numbers = new Numbers(installation.store);
  await numbers.append(SLICE, ["a", 1]);
  const projection = new Sums();
  for (let i = 0; i < 4; i++) projection.failures.push("57P01");
  const logger = new MemoryLogger();
  const { database, store } = installation;
  const source = storeLogSource(store);
  const projector = new Projector({
    projection,
    database,
    store,
    source,
    logger,
    metrics: createMetrics(),
    clock: systemClock,
  });
  await projector.start();
  expect(await projector.waitFor({ slice: SLICE, position: await store.head() }, 20_000)).toBe(true);
  await projector.stop();
  expect(projector.status().parked).toBe(0);
  expect(await totals(database)).toEqual({ a: "1" });
  expect(logger.lines.map(({ level }) => level)).toEqual(Array(4).fill("warn"));
});

test("a store or a database that is away is a warning without a stack; anything else is an error", async () => {
  await using installation = await openInstallation();
  const sound = storeLogSource(installation.store);
  const failures: Error[] = [
    new StoreUnavailable(new Error("refused")),
    Object.assign(new Error("shutting down"), { code: "57P01" }),
    new TypeError("a bug"),
  ];
  const source: EventSource = {
    async *read(options) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      yield* sound.read(options);
    },
  };
  await new Numbers(installation.store).append(SLICE, ["a", 1]);
  await using running = await startProjector(installation, { source });
  await running.caughtUp();
  expect(running.logger.lines.map(({ level, fields }) => [level, Object.keys(fields)])).toEqual([
    ["warn", ["reason"]],
    ["warn", ["reason"]],
    ["error", ["err"]],
  ]);
});
