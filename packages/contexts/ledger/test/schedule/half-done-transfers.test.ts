import { afterAll, beforeAll, expect, test } from "vitest";
import { underWay } from "../../../../../test/support/auditor.ts";
import { defineProgramme, enrolMany } from "../../../../../test/support/programme.ts";
import { Installation, LATER_MS, MONTHLY, SOON, TestKeeper } from "./support/installation.ts";

// A transfer that whoever began it left half done is ended: the points arrive, or come back.

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
});

/** A giver with 100 points, of which 60 have left for the taker. */
async function halfDone(programme: string, settings: object = {}): Promise<[giver: string, taker: string]> {
  const shop = await defineProgramme(installation.api, programme, { ...MONTHLY, ...settings });
  const [giver, taker] = (await enrolMany(installation.api, programme, "member", 2)) as [string, string];
  await installation.earn(`${shop}/members/${giver}`);
  await installation.beginTransfer(programme, giver, taker);
  return [giver, taker];
}

async function booksOf(...members: string[]): Promise<bigint[]> {
  const books = await installation.findings();
  return [...members.map((member) => books.of(member).book), underWay(books)];
}

test("its points arrive, once, and it is not asked for again", async () => {
  const [giver, taker] = await halfDone("arrives");
  expect(await booksOf(giver, taker)).toEqual([40n, 0n, 60n]);
  const keeper = new TestKeeper(installation.service);
  await using _ = await installation.schedule(keeper, LATER_MS);
  await expect.poll(() => booksOf(giver, taker), SOON).toEqual([40n, 60n, 0n]);
  const done = keeper.completed.length;
  await keeper.passes(await installation.idOf("arrives"), 3);
  expect(keeper.completed.length).toBeLessThanOrEqual(done + 1);
  const settled = keeper.completed.length;
  await keeper.passes(await installation.idOf("arrives"), 2);
  expect(keeper.completed.length).toBe(settled);
  expect(await installation.typesOf(taker)).toEqual(["TransferIn"]);
});

test("its points come back when the target cannot take them", async () => {
  const [giver, taker] = await halfDone("returns", { maxBalance: "100" });
  const keeper = new TestKeeper(installation.service);
  // By now the target is full.
  await installation.earn(`/v1/programmes/returns/members/${taker}`, "90");
  await using _ = await installation.schedule(keeper, LATER_MS);
  await expect.poll(() => booksOf(giver, taker), SOON).toEqual([100n, 90n, 0n]);
  expect(await installation.typesOf(taker)).toEqual(["PointsEarned", "TransferInRefused"]);
});

test("it is left to whoever began it for a while", async () => {
  const [giver, taker] = await halfDone("waits");
  const keeper = new TestKeeper(installation.service);
  await using _ = await installation.schedule(keeper);
  await keeper.passes(await installation.idOf("waits"), 3);
  expect(keeper.completed).toEqual([]);
  expect(await booksOf(giver, taker)).toEqual([40n, 0n, 60n]);
});
