import { expect, test } from "vitest";
import { underWay } from "../../../../../test/support/auditor.ts";
import { defineProgramme, enrolMany, source } from "../../../../../test/support/programme.ts";
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
  let tasks = 0;
  stopped.before = async () => {
    // Half of them are slow to begin, the others fail.
    if (++tasks % 2 === 0) throw new Error("out of order");
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
  expect(stopped.swept).toHaveLength(20);
  expect(await expired(installation, members)).toBe(20);
  const next = new TestKeeper(installation.service);
  await using _ = await installation.schedule(next);
  await expect.poll(() => expired(installation, members), SOON).toBe(40);
  expect(next.swept).toHaveLength(20);
});

test("what was done but not ticked off is done again and changes nothing", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 10);
  await installation.setClock("shop", DEAD);
  const dying = new TestKeeper(installation.service);
  dying.after = () => {
    throw new Error("the process died");
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

test("a schedule that is built anew does everything again and changes nothing", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 10);
  await installation.setClock("shop", DEAD);
  {
    await using _ = await installation.schedule(new TestKeeper(installation.service));
    await expect.poll(() => expired(installation, members), SOON).toBe(10);
  }
  await installation.database.query("DROP SCHEMA taem_schedule CASCADE");
  const head = await installation.head();
  const again = new TestKeeper(installation.service);
  await using _ = await installation.schedule(again);
  await expect.poll(() => again.swept.length, SOON).toBe(10);
  expect(await installation.head()).toBe(head);
});

/** Resolves when so many tasks are in the schedule; none of them is done. */
async function scheduled(installation: Installation, tasks: number): Promise<void> {
  const keeper = new TestKeeper(installation.service);
  const seen = new Set<string>();
  keeper.before = (task) => {
    seen.add(`${task.member} ${"transfer" in task}`);
    throw new Error("not yet");
  };
  await using _ = await installation.schedule(keeper, LATER_MS);
  await expect.poll(() => seen.size, SOON).toBe(tasks);
}

test("two schedulers at once do the same work and change nothing twice", async () => {
  await using installation = await Installation.open();
  const members = await dueMembers(installation, 200);
  const givers = members.slice(0, 6);
  for (const [i, giver] of givers.entries()) {
    await installation.beginTransfer("shop", giver, members[i + 6] as string);
  }
  await installation.setClock("shop", DEAD);
  await scheduled(installation, members.length + givers.length);
  const keepers = [await installation.anotherKeeper(), await installation.anotherKeeper()] as const;
  // Neither begins before the other has the same transfers and accounts in hand.
  const begun = keepers.map(() => Promise.withResolvers<void>());
  for (const [i, keeper] of keepers.entries()) {
    keeper.before = async () => {
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
  for (const { completed } of keepers) expect(completed.length).toBeGreaterThanOrEqual(6);
  const books = await installation.findings();
  for (const [i, member] of members.entries()) {
    const { sums } = books.of(member);
    const [given, taken] = [i < 6 ? 60n : 0n, i >= 6 && i < 12 ? 60n : 0n];
    expect(sums.get("TransferIn") ?? 0n).toBe(taken);
    expect(sums.get("PointsExpired")).toBe(100n - given + taken);
  }
});
