import type { Api } from "@taem/testing/api";
import { audit, type Findings } from "@taem/testing/auditor";
import { dieAt } from "@taem/testing/commands-service";
import { breaks, losesAnswer } from "@taem/testing/faulty-store";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Failure: a transfer half done for ever: points that left one member and reached nobody, or that reached two.

let fixture: Fixture;
let api: Api;
let programmeId: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  const path = await defineProgramme(api, "shop", { maxBalance: "1000" });
  programmeId = ((await api.get(path)).body as unknown as { readonly id: string }).id;
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };
const SHOP = "/v1/programmes/shop";
const CALLER = { actor: "scheduler", correlation: "test", deadline: Number.POSITIVE_INFINITY };
let scenarios = 0;

/** A giver with 100 points, and a taker who has room for 40 more, or for 5. */
async function prepare(isAccepted: boolean) {
  const name = `scenario-${++scenarios}`;
  const [giver, taker] = (await enrolMany(api, "shop", name, 2)) as [string, string];
  const earn = { ...PTS, source: source("seed") };
  await succeeds(api.post(`${SHOP}/members/${giver}/earn`, { ...earn, points: "100" }));
  const full = isAccepted ? "960" : "995";
  await succeeds(api.post(`${SHOP}/members/${taker}/earn`, { ...earn, points: full }));
  const command = { ...PTS, points: "40", to: taker, source: source("gift") };
  const transfer = (by: Api) => by.post(`${SHOP}/members/${giver}/transfers`, command);
  return { giver, taker, transfer };
}

/** What the scheduler does with a first leg that it finds. */
async function complete(giver: string): Promise<void> {
  const out = (await wholeLog(fixture.testStore.store)).find(
    ({ type, data }) => type === "TransferOut" && data.includes(`"member":"${giver}"`),
  );
  if (out === undefined) return;
  const { transfer } = JSON.parse(out.data) as { readonly transfer: string };
  const of = { programme: programmeId, member: giver, currency: "PTS" };
  const { accountKeeper } = fixture.service.ports;
  await accountKeeper.completeTransfer({ ...of, transfer, revision: out.revision }, CALLER);
}

async function findings(): Promise<Findings> {
  return audit(await wholeLog(fixture.testStore.store));
}

/** What the giver has, what the taker has, what is on its way between them. */
async function booksOf(giver: string, taker: string): Promise<bigint[]> {
  const books = await findings();
  const [from, to] = [books.of(giver), books.of(taker)];
  return [from.book, to.book, from.clearing + to.clearing];
}

const RECOVERIES = {
  "the caller's retry": (_giver: string, retry: () => Promise<void>) => retry(),
  "the scheduler, then the caller's retry": async (giver: string, retry: () => Promise<void>) => {
    await complete(giver);
    await retry();
  },
  "both at once": async (giver: string, retry: () => Promise<void>) => {
    await Promise.all([retry(), complete(giver), retry(), complete(giver)]);
  },
} as const;

const STEPS = [
  ["before the points leave", 1, breaks],
  ["after the points have left", 1, losesAnswer],
  ["before the target is told", 2, breaks],
  ["after the target was told", 2, losesAnswer],
] as const;

const RETURN_STEPS = [
  ...STEPS,
  ["before the points are returned", 3, breaks],
  ["after the points were returned", 3, losesAnswer],
] as const;

describe.each(Object.entries(RECOVERIES))("ended by %s", (_, recover) => {
  test.each(STEPS)("a transfer killed %s arrives once", async (_step, n, fault) => {
    const { giver, taker, transfer } = await prepare(true);
    await dieAt(n, fault, fixture.testStore, transfer);
    await recover(giver, async () => void (await succeeds(transfer(api))));
    expect(await booksOf(giver, taker)).toEqual([60n, 1000n, 0n]);
    expect((await succeeds(transfer(api))).body).toMatchObject({ replayed: true, effect: { points: "40" } });
    expect((await findings()).of(giver).sums.get("TransferOut")).toBe(40n);
  });

  test.each(RETURN_STEPS)(
    "a transfer that is refused and killed %s returns once",
    async (_step, n, fault) => {
      const { giver, taker, transfer } = await prepare(false);
      await dieAt(n, fault, fixture.testStore, transfer);
      const refused = async () => {
        const { status, body } = await transfer(api);
        expect([status, body.code]).toEqual([409, "balance_limit_exceeded"]);
      };
      await recover(giver, refused);
      expect(await booksOf(giver, taker)).toEqual([100n, 995n, 0n]);
      await refused();
      expect((await findings()).of(giver).sums.get("TransferReturned")).toBe(40n);
    },
  );
});

test("a transfer that waits for its end is ended by the scheduler alone", async () => {
  const { giver, taker, transfer } = await prepare(true);
  await dieAt(1, losesAnswer, fixture.testStore, transfer);
  expect(await booksOf(giver, taker)).toEqual([60n, 960n, 40n]);
  await complete(giver);
  expect(await booksOf(giver, taker)).toEqual([60n, 1000n, 0n]);
});

test("a transfer of 1,200 lots killed between its legs arrives whole", async () => {
  const LOTS = 1_200;
  await defineProgramme(api, "crumbs");
  const [giver, taker] = (await enrolMany(api, "crumbs", "member", 2)) as [string, string];
  const lines = Array.from({ length: LOTS }, (_, i) => ({
    op: "earn",
    member: giver,
    ...PTS,
    points: "1",
    source: source(`crumb ${i}`),
  }));
  await api.bulk("crumbs", lines);
  const command = { ...PTS, points: String(LOTS), to: taker, source: source("all") };
  const transfer = (by: Api) => by.post(`/v1/programmes/crumbs/members/${giver}/transfers`, command);
  await dieAt(1, losesAnswer, fixture.testStore, transfer);
  await succeeds(transfer(api));
  expect(await booksOf(giver, taker)).toEqual([0n, BigInt(LOTS), 0n]);
  expect([...(await findings()).of(taker).lots.values()]).toEqual(Array(LOTS).fill(1n));
});

test("what a return finds on its way is taken as it comes back, and not kept by whoever sent it", async () => {
  const path = await defineProgramme(api, "refunds", { maxBalance: "1000", clawback: "within_balance" });
  const [giver, taker] = (await enrolMany(api, "refunds", "refunds", 2)) as [string, string];
  const earn = { ...PTS, source: source("sale") };
  await succeeds(api.post(`${path}/members/${giver}/earn`, { ...earn, points: "100" }));
  await succeeds(api.post(`${path}/members/${taker}/earn`, { ...earn, points: "995" }));
  const command = { ...PTS, points: "40", to: taker, source: source("gift") };
  const transfer = (by: Api) => by.post(`${path}/members/${giver}/transfers`, command);
  await dieAt(1, losesAnswer, fixture.testStore, transfer);
  const refund = { ...PTS, origin: source("sale"), all: true };
  const refunded = await succeeds(api.post(`${path}/members/${giver}/reversals`, refund, "refund"));
  expect(refunded.body.effect.clawback).toMatchObject({ waived: "40", debt: "0" });
  expect((await transfer(api)).body.code).toBe("balance_limit_exceeded");
  expect(await booksOf(giver, taker)).toEqual([0n, 995n, 0n]);
  expect((await findings()).of(giver).sums.get("WaiverRecovered")).toBe(40n);
});
