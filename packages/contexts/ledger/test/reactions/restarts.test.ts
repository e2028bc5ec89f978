import { StoreUnavailable } from "@taem/event-store";
import { rebuild } from "@taem/processing";
import { underWay } from "@taem/testing/auditor";
import { defineProgramme, enrolMany, source } from "@taem/testing/programme";
import { expect, test } from "vitest";
import { sweeps } from "../../src/reactions/sweeps.ts";
import { DEAD, Installation, LATER_MS, MONTHLY, SOON, TestKeeper } from "./support/installation.ts";

// Whoever was down, and however many run at once: everything due is done in the end, and nothing twice.

const PTS = { currency: "PTS" };

/** Members with 100 points each that are due, and the programme's path. */
async function dueMembers(installation: Installation, count: number): Promise<string[]> {
  await defineProgramme(installation.api, "shop", MONTHLY);
  const members = await enrolMany(installation.api, "shop", "member", count);
  const lines = members.map((member) => ({
    ...{ op: "earn", member, ...PTS, points: "100", source: source("earn") },
  }));
  const answers = await installation.api.bulk("shop", lines);
  expect(answers.every(({ status }) => status === 201)).toBe(true);
  return members;
}

/** How many members have expired, once each. */
async function expired(installation: Installation, members: readonly string[]): Promise<number> {
  const books = await installation.findings();
  const amounts = members.map((member) => books.of(member).sums.get("PointsExpired") ?? 0n);
  expect(amounts.every((amount) => amount === 0n || amount === 100n)).toBe(true);
  return amounts.filter((amount) => amount === 100n).length;
}

test("what became due while no scheduler ran is done by the next", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 3);
  const keeper = new TestKeeper(installation.service);
  {
    await using _ = await installation.schedule(keeper);
    await keeper.passes(await installation.idOf("shop"), 1);
  }
  await installation.setClock("shop", DEAD);
  expect(await expired(installation, members)).toBe(0);
  await using _ = await installation.schedule(keeper);
  await expect.poll(() => expired(installation, members), SOON).toBe(3);
});

test("a scheduler that is stopped finishes what is under way; the next goes on with the rest", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 40);
  await installation.setClock("shop", DEAD);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const stopped = new TestKeeper(installation.service);
  let [tried, slow] = [0, 0];
  stopped.before = async () => {
    // Half of them are slow to begin, the others fail.
    if (++tried % 2 === 0) throw new StoreUnavailable(undefined);
    slow++;
    begun.resolve();
    await goOn.promise;
  };
  const first = await installation.schedule(stopped);
  await begun.promise;
  let isStopped = false;
  const stopping = first[Symbol.asyncDispose]().then(() => {
    isStopped = true;
  });
  expect(isStopped).toBe(false);
  goOn.resolve();
  await stopping;
  expect(stopped.swept).toHaveLength(slow);
  expect(await expired(installation, members)).toBe(slow);
  const next = new TestKeeper(installation.service);
  await using _ = await installation.schedule(next);
  await expect.poll(() => expired(installation, members), SOON).toBe(40);
  expect(next.swept).toHaveLength(40 - slow);
});

test("what was done but not noted as done is done again and changes nothing", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 10);
  await installation.setClock("shop", DEAD);
  const dying = new TestKeeper(installation.service);
  dying.after = () => {
    throw new StoreUnavailable(undefined);
  };
  {
    await using _ = await installation.schedule(dying);
    await expect.poll(() => expired(installation, members), SOON).toBe(10);
  }
  const head = await installation.head();
  const next = new TestKeeper(installation.service);
  await using _ = await installation.schedule(next);
  await expect.poll(() => next.swept.length, SOON).toBe(10);
  expect(await installation.head()).toBe(head);
});

test("timers that are made anew from the log are sent again and change nothing", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 10);
  await installation.setClock("shop", DEAD);
  {
    await using _ = await installation.schedule(new TestKeeper(installation.service));
    await expect.poll(() => expired(installation, members), SOON).toBe(10);
  }
  await installation.database.query("DROP SCHEMA taem_sweeps CASCADE");
  const head = await installation.head();
  const again = new TestKeeper(installation.service);
  await using _ = await installation.schedule(again);
  await expect.poll(() => again.swept.length, SOON).toBe(10);
  expect(await installation.head()).toBe(head);
});

test("a rebuild has the timers that are to come, none that was sent, and sends nothing", async () => {
  await using installation = await Installation.open();
  const { api, database, testStore } = installation;
  const members = await dueMembers(installation, 10);
  await installation.setClock("shop", DEAD);
  {
    await using _ = await installation.schedule(new TestKeeper(installation.service));
    await expect.poll(() => expired(installation, members), SOON).toBe(10);
    const hold = { ...PTS, points: "1", timeoutSeconds: 60 };
    const path = `/v1/programmes/shop/members/${members[0]}`;
    await installation.earn(path, "50", "after");
    expect((await api.post(`${path}/holds`, hold, "hold")).status).toBe(201);
    await expect.poll(() => timers(installation), SOON).toHaveLength(2);
  }
  const before = await timers(installation);
  const { projection } = sweeps;
  const outcome = await rebuild({ projection, database, store: testStore.store, expect: "equal" });
  expect(outcome).toMatchObject({ outcome: "taken_over" });
  expect(await timers(installation)).toEqual(before);
  expect((await database.query("SELECT FROM taem_queues.outbox")).rowCount).toBe(0);
});

async function timers({ database }: Installation): Promise<unknown[]> {
  return (await database.query("SELECT key, due_at, meta FROM taem_sweeps.timers ORDER BY key")).rows;
}

test("an installation that had a schedule of tables loses them, and what was to come in them is found in the log", async () => {
  await using installation = await Installation.open();
  const { database } = installation;
  const members = await dueMembers(installation, 3);
  await database.query("CREATE SCHEMA taem_schedule CREATE TABLE sweeps (slice smallint, due_at bigint)");
  await database.query("DELETE FROM taem_migrations WHERE component = 'ledger'");
  for (let start = 0; start < 2; start++) {
    await using _ = await installation.schedule(new TestKeeper(installation.service));
  }
  const { rows } = await database.query("SELECT to_regnamespace('taem_schedule') AS schema");
  expect(rows).toEqual([{ schema: null }]);
  await installation.setClock("shop", DEAD);
  await using _ = await installation.schedule(new TestKeeper(installation.service));
  await expect.poll(() => expired(installation, members), SOON).toBe(3);
});

test("what is due by the clock of one process alone waits for the other's", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 3);
  await installation.setClock("shop", DEAD);
  const keeper = new TestKeeper(installation.service);
  // Whoever asks first for a timer's time is told what it is; who is to sweep is told one too early, for a while.
  let isBehind = true;
  const { now } = keeper;
  let asked = 0;
  keeper.now = async (programme) => {
    const present = await now.call(keeper, programme);
    const isSender = keeper.roundsOf(programme) === 1;
    if (isSender || !isBehind) return present;
    asked++;
    return Date.parse(DEAD) - 1;
  };
  await using _ = await installation.schedule(keeper);
  await expect.poll(() => asked, SOON).toBeGreaterThan(3);
  expect(keeper.swept).toEqual([]);
  isBehind = false;
  await expect.poll(() => expired(installation, members), SOON).toBe(3);
  expect(keeper.swept).toHaveLength(3);
});

test("two schedulers share the work: each does a part of it, and nothing is done by both", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 200);
  const givers = members.slice(0, 6);
  for (const [i, giver] of givers.entries()) {
    await installation.beginTransfer("shop", giver, members[i + 6] as string);
  }
  await installation.setClock("shop", DEAD);
  const keepers = [await installation.anotherKeeper(), await installation.anotherKeeper()] as const;
  // Neither sweeps before the other has something to sweep in hand.
  const begun = keepers.map(() => Promise.withResolvers<void>());
  for (const [i, keeper] of keepers.entries()) {
    keeper.before = async (what) => {
      if ("transfer" in what) return;
      begun[i]?.resolve();
      await Promise.all(begun.map(({ promise }) => promise));
    };
  }
  await using _one = await installation.schedule(keepers[0], LATER_MS);
  await using _two = await installation.schedule(keepers[1], LATER_MS);
  const leftIn = async () => {
    const books = await installation.findings();
    return members.reduce((sum, member) => sum + books.of(member).book, underWay(books));
  };
  await expect.poll(leftIn, SOON).toBe(0n);
  for (const { swept } of keepers) expect(swept.length).toBeGreaterThan(0);
  // Points that arrive when they are due set the timer of their taker once more.
  const others = new Set(members.slice(12));
  const swept = keepers.flatMap((keeper) => keeper.swept.map(({ member }) => member));
  expect(swept.filter((member) => others.has(member)).toSorted()).toEqual([...others].toSorted());
  const completed = keepers.flatMap((keeper) => keeper.completed.map(({ member }) => member));
  expect(completed.toSorted()).toEqual(givers.toSorted());
  const books = await installation.findings();
  for (const [i, member] of members.entries()) {
    const { sums } = books.of(member);
    const [given, taken] = [i < 6 ? 60n : 0n, i >= 6 && i < 12 ? 60n : 0n];
    expect(sums.get("TransferIn") ?? 0n).toBe(taken);
    expect(sums.get("PointsExpired")).toBe(100n - given + taken);
  }
});
