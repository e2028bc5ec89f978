import type { Api } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { defineProgramme, enrolMany, START, source, succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failures: an expiry that takes what was spent already, so that the balance collapses; a return of what expired that
// makes a debt of it; points of an uncertain lot that never expire.

let fixture: Fixture;
let api: Api;
let shop: string;

const MONTHLY = { expiry: { kind: "term", term: { count: 30, unit: "days" } } };
/** The first instant of 10 April 2026 in Bangkok: what is earned on START is valid through 9 April. */
const DEAD = "2026-04-09T17:00:00.000Z";
const PTS = { currency: "PTS" };
const CALLER = { actor: "scheduler", correlation: "test", deadline: Number.POSITIVE_INFINITY };

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
});

afterAll(() => fixture.close());

async function member(programme: string): Promise<string> {
  shop = await defineProgramme(api, programme, { ...MONTHLY, clock: { mode: "replay", at: START } });
  const [id] = await enrolMany(api, programme, "member", 1);
  return `${shop}/members/${id}`;
}

async function moveClock(at: string): Promise<void> {
  await succeeds(api.put(`${shop}/clock`, { mode: "replay", at }));
}

async function account(path: string) {
  return audit(await wholeLog(fixture.testStore.store)).of(path.split("/").at(-1) as string);
}

/** As the scheduler does. */
async function sweep(path: string): Promise<void> {
  const { id } = (await api.get(shop)).body as unknown as { readonly id: string };
  const name = { programme: id, member: path.split("/").at(-1) as string, currency: "PTS", dueAt: 0 };
  await fixture.service.ports.accountKeeper.sweep(name, CALLER);
}

test.each(["swept", "not swept"])("after a partial burn only the rest expires: %s", async (how) => {
  const path = await member(how.replace(" ", "-"));
  await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100" }, "e1"));
  await succeeds(api.post(`${path}/burn`, { ...PTS, points: "30" }, "b1"));
  await moveClock("2026-04-09T16:59:59.999Z");
  await succeeds(api.post(`${path}/burn`, { ...PTS, points: "10" }, "b2"));
  await moveClock(DEAD);
  const late = await api.post(`${path}/burn`, { ...PTS, points: "1" }, "b3");
  expect(late.body).toMatchObject({ code: "insufficient_points", detail: "1 asked, 0 available" });
  if (how === "swept") {
    await sweep(path);
    await sweep(path);
  }
  const next = await succeeds(api.post(`${path}/earn`, { ...PTS, points: "5" }, "e2"));
  expect(next.body.balance).toMatchObject({ book: "5", available: "5", due: "0", debt: "0" });
  const { book, sums } = await account(path);
  expect([book, sums.get("PointsExpired")]).toEqual([5n, 60n]);
});

test("an expiry is dated on the last day on which the points were valid, whenever it is swept", async () => {
  const path = await member("dated");
  await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100" }, "e1"));
  await moveClock("2026-06-01T00:00:00Z");
  await sweep(path);
  const expired = (await wholeLog(fixture.testStore.store)).findLast(({ type }) => type === "PointsExpired");
  expect(JSON.parse(expired?.data ?? "{}")).toMatchObject({
    amount: "100",
    effectiveAt: Date.parse(DEAD),
    accountingDate: "2026-04-09",
  });
});

test("earn 100, burn 40, let 60 expire, return everything: the debt is 40, not 100", async () => {
  const path = await member("forty");
  await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100", source: source("sale") }));
  await succeeds(api.post(`${path}/burn`, { ...PTS, points: "40" }, "b1"));
  await moveClock(DEAD);
  const refund = { ...PTS, origin: source("sale"), all: true };
  const { body } = await succeeds(api.post(`${path}/reversals`, refund, "r1"));
  expect(body.effect).toMatchObject({ points: "100", clawback: { debt: "40", expired: "60", waived: "0" } });
  expect(body.balance).toMatchObject({ book: "0", debt: "40" });
  expect(await account(path)).toMatchObject({ book: 0n, debt: 40n });
});

test("points returned in halves around their expiry owe no more than what was spent", async () => {
  const path = await member("halves");
  await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100", source: source("sale") }));
  await succeeds(api.post(`${path}/burn`, { ...PTS, points: "40" }, "b1"));
  const refund = { ...PTS, origin: source("sale"), points: "50" };
  const early = await succeeds(api.post(`${path}/reversals`, refund, "r1"));
  expect(early.body.balance).toMatchObject({ book: "10", debt: "0" });
  await moveClock(DEAD);
  const late = await succeeds(api.post(`${path}/reversals`, refund, "r2"));
  expect(late.body.effect.clawback).toMatchObject({ debt: "40", expired: "10" });
  expect(await account(path)).toMatchObject({ book: 0n, debt: 40n });
});

test("a hold keeps its points past their expiry, and what it releases expires then", async () => {
  const path = await member("held");
  await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100" }, "e1"));
  await moveClock("2026-04-09T16:00:00Z");
  const { body } = await succeeds(api.post(`${path}/holds`, { ...PTS, points: "50" }, "h1"));
  await moveClock(DEAD);
  const capture = `${shop}/holds/${body.effect.hold.id}/capture`;
  const captured = await succeeds(api.post(capture, { points: "20" }, "c1"));
  expect(captured.body.balance).toMatchObject({ book: "0", due: "0", held: "0" });
  const { sums } = await account(path);
  expect([sums.get("HoldCaptured"), sums.get("PointsExpired")]).toEqual([20n, 80n]);
});
