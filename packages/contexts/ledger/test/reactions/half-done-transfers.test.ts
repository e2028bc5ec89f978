import { heldMessages, replayMessage } from "@taem/processing";
import { underWay } from "@taem/testing/auditor";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { transfers } from "../../src/reactions/transfers.ts";
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
  await keeper.passes(await installation.idOf("arrives"), 3);
  expect(keeper.completed).toHaveLength(1);
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

test("one that whoever began it has ended is found at its end, and nothing is written", async () => {
  const shop = await defineProgramme(installation.api, "ended", MONTHLY);
  const [giver, taker] = (await enrolMany(installation.api, "ended", "member", 2)) as [string, string];
  await installation.earn(`${shop}/members/${giver}`);
  const gift = { currency: "PTS", points: "60", to: taker };
  await succeeds(installation.api.post(`${shop}/members/${giver}/transfers`, gift, "gift"));
  const head = await installation.head();
  const keeper = new TestKeeper(installation.service);
  await using _ = await installation.schedule(keeper, LATER_MS);
  const ended = () => keeper.completed.filter(({ member }) => member === giver);
  await expect.poll(ended, SOON).toHaveLength(1);
  expect(await installation.head()).toBe(head);
});

test("one that can have no end is parked, and an operator who has mended the cause has it ended", async () => {
  const [giver, taker] = await halfDone("parked");
  const keeper = new TestKeeper(installation.service);
  let isInTheWay = true;
  keeper.completeTransfer = async (transfer, caller) => {
    if (transfer.member === giver && isInTheWay) return "target_closed: the account takes nothing";
    return await installation.service.ports.accountKeeper.completeTransfer(transfer, caller);
  };
  await using _ = await installation.schedule(keeper, LATER_MS);
  const { database } = installation;
  const held = () => Array.fromAsync(heldMessages(database, "outbox", transfers.name));
  await expect
    .poll(held, SOON)
    .toMatchObject([{ state: "parked", error: "target_closed: the account takes nothing" }]);
  isInTheWay = false;
  const [message] = await held();
  expect(await replayMessage(database, "outbox", transfers.name, String(message?.key))).toBe(true);
  await expect.poll(() => booksOf(giver, taker), SOON).toEqual([40n, 60n, 0n]);
  await expect.poll(held, SOON).toEqual([]);
});

test("it is left to whoever began it for a while", async () => {
  const [giver, taker] = await halfDone("waits");
  const keeper = new TestKeeper(installation.service);
  await using _ = await installation.schedule(keeper);
  await keeper.passes(await installation.idOf("waits"), 3);
  expect(keeper.completed).toEqual([]);
  expect(await booksOf(giver, taker)).toEqual([40n, 0n, 60n]);
});
