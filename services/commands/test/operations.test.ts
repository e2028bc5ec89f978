import { parseToken } from "@taem/http";
import type { Api, Body } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { START, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol, refused, waits } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop", { clawback: "unlimited", adjustmentLimit: "100" });
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };
const zero = { book: "0", available: "0", pending: "0", held: "0", due: "0", debt: "0" };

/** A new member with some points, earned under the key `seed`. */
async function memberWith(externalId: string, points: string): Promise<string> {
  const [member] = (await enrol(api, shop, externalId)) as [string];
  await done(api, `${member}/earn`, { ...PTS, points, source: { system: "pos", id: "seed" } });
  return member;
}

test("earning points outright makes a lot and says what the account holds", async () => {
  const [member] = await enrol(api, shop, "earn-points");
  const body = await done(api, `${member}/earn`, { ...PTS, points: "100" }, "e1");
  expect(body).toEqual({
    member: expect.stringMatching(/^[0-9a-f-]{36}$/),
    currency: "PTS",
    replayed: false,
    effect: {
      kind: "earned",
      points: "100",
      effectiveAt: START,
      credited: [{ lot: 1, points: "100", availableFrom: START, expiresAt: null, lastDay: null }],
    },
    balance: { ...zero, book: "100", available: "100" },
    token: expect.stringMatching(/^[A-Za-z0-9_-]{47}$/),
  });
});

test("earning by spend names the rule and its version", async () => {
  const [member] = await enrol(api, shop, "earn-spend");
  const spend = { amount: "123450", currency: "THB", rule: "base" };
  const { effect } = await done(api, `${member}/earn`, { ...PTS, spend }, "e1");
  expect(effect).toMatchObject({ points: "49", rule: { name: "base", version: 1 } });
});

test("a spend below the minimum earns nothing, and says what limited it", async () => {
  const rule = { ...PTS, money: "THB", per: "100", points: "1", minimumSpend: "1000" };
  expect(await api.put(`${shop}/rules/minimum`, rule)).toMatchObject({ status: 200 });
  const [member] = await enrol(api, shop, "minimum");
  const spend = { amount: "999", currency: "THB", rule: "minimum" };
  const { effect } = await done(api, `${member}/earn`, { ...PTS, spend }, "e1");
  expect(effect).toMatchObject({ points: "0", rule: { limitedBy: "minimum" } });
});

test("points of a rule with a delay are pending until the delay is over", async () => {
  const rule = { ...PTS, money: "THB", per: "100", points: "1", pendingSeconds: 3600 };
  expect(await api.put(`${shop}/rules/delayed`, rule)).toMatchObject({ status: 200 });
  const [member] = await enrol(api, shop, "pending");
  const spend = { amount: "700", currency: "THB", rule: "delayed" };
  const early = await done(api, `${member}/earn`, { ...PTS, spend }, "e1");
  expect(early.balance).toEqual({ ...zero, book: "7", pending: "7" });
  const occurredAt = "2026-03-10T02:00:00Z";
  const late = await done(api, `${member}/earn`, { ...PTS, spend, occurredAt }, "e2");
  expect(late.balance).toEqual({ ...zero, book: "14", available: "7", pending: "7" });
});

test("burning takes from the lots and says which", async () => {
  const member = await memberWith("burn", "100");
  const { effect, balance } = await done(api, `${member}/burn`, { ...PTS, points: "40" }, "b1");
  expect(effect).toEqual({
    kind: "burned",
    points: "40",
    effectiveAt: START,
    debited: [{ lot: 1, points: "40" }],
  });
  expect(balance).toEqual({ ...zero, book: "60", available: "60" });
});

test("a hold sets points aside, a capture spends part of them and releases the rest", async () => {
  const member = await memberWith("capture", "100");
  const held = await done(api, `${member}/holds`, { ...PTS, points: "40" }, "h1");
  expect(held.effect).toMatchObject({ kind: "held", points: "40", debited: [{ lot: 1, points: "40" }] });
  expect(held.effect.hold.timeoutAt).toBe("2026-03-17T03:00:00.000Z");
  expect(held.balance).toEqual({ ...zero, book: "100", available: "60", held: "40" });
  const hold = `${shop}/holds/${held.effect.hold.id}`;
  const captured = await done(api, `${hold}/capture`, { points: "30" }, "c1");
  expect(captured.effect).toMatchObject({
    kind: "captured",
    points: "30",
    hold: { id: held.effect.hold.id },
  });
  expect(captured.balance).toEqual({ ...zero, book: "70", available: "70" });
});

test("voiding a hold releases its points", async () => {
  const member = await memberWith("void", "100");
  const held = await done(api, `${member}/holds`, { ...PTS, points: "40", timeoutSeconds: 60 }, "h1");
  expect(held.effect.hold.timeoutAt).toBe("2026-03-10T03:01:00.000Z");
  const voided = await done(api, `${shop}/holds/${held.effect.hold.id}/void`, {}, "v1");
  expect(voided.effect).toMatchObject({ kind: "voided", points: "40" });
  expect(voided.balance).toEqual({ ...zero, book: "100", available: "100" });
});

test("a transfer moves points to the other member, whatever they are called", async () => {
  const source = await memberWith("giver", "100");
  await enrol(api, shop, "taker");
  const byName = await done(api, `${source}/transfers`, { ...PTS, points: "30", to: "ext:taker" }, "t1");
  expect(byName.effect).toMatchObject({ kind: "transferred", points: "30", debited: [{ lot: 1 }] });
  const { to } = byName.effect.transfer;
  const byId = await done(api, `${source}/transfers`, { ...PTS, points: "20", to }, "t2");
  expect(byId.balance).toEqual({ ...zero, book: "50", available: "50" });
  const all = await done(api, `${shop}/members/ext:taker/burn`, { ...PTS, points: "50" }, "all of it");
  expect(all.balance).toEqual(zero);
});

test("a return takes an earn back: in points, by money, then all that is left", async () => {
  const [member] = await enrol(api, shop, "returns");
  const source = { system: "pos", id: "sale" };
  const spend = { amount: "250000", currency: "THB", rule: "base" };
  await done(api, `${member}/earn`, { ...PTS, spend, source });
  const reversals = `${member}/reversals`;
  const points = await done(api, reversals, { ...PTS, origin: source, points: "10" }, "r1");
  expect(points.effect).toMatchObject({ kind: "earn_reversed", points: "10", debited: [{ lot: 1 }] });
  const money = await done(api, reversals, { ...PTS, origin: source, spend: { amount: "125000" } }, "r2");
  expect(money.effect.points).toBe("40");
  const rest = await done(api, reversals, { ...PTS, origin: source, all: true }, "r3");
  expect(rest.effect).toMatchObject({
    points: "50",
    clawback: { policy: "unlimited", debt: "0", waived: "0", expired: "0", unmatched: "0" },
  });
  expect(rest.balance).toEqual(zero);
});

test("a refunded burn gives the points back to the lots they came from", async () => {
  const member = await memberWith("refund", "100");
  const source = { system: "pos", id: "redeemed" };
  await done(api, `${member}/burn`, { ...PTS, points: "60", source });
  const body = await done(api, `${member}/reversals`, { ...PTS, origin: source, points: "20" }, "r1");
  expect(body.effect).toEqual({
    kind: "burn_reversed",
    points: "20",
    effectiveAt: START,
    returned: { restored: [{ lot: 1, points: "20" }], replaced: [], expired: [] },
  });
  expect(body.balance).toEqual({ ...zero, book: "60", available: "60" });
});

test("a return that names no sale takes back by amount, and says what it found nothing for", async () => {
  const member = await memberWith("unreferenced", "100");
  const spend = { amount: "300000", rule: "base" };
  const { effect, balance } = await done(api, `${member}/reversals`, { ...PTS, spend }, "r1");
  expect(effect).toMatchObject({ points: "100", clawback: { unmatched: "20", debt: "0" } });
  expect(balance).toEqual(zero);
});

test("a return of spent points leaves debt, which the next earn repays", async () => {
  const member = await memberWith("debt", "100");
  await done(api, `${member}/burn`, { ...PTS, points: "70" }, "b1");
  const origin = { system: "pos", id: "seed" };
  const returned = await done(api, `${member}/reversals`, { ...PTS, origin, all: true }, "r1");
  expect(returned.effect.clawback).toMatchObject({ debt: "70" });
  expect(returned.balance).toEqual({ ...zero, debt: "70" });
  const { effect, balance } = await done(api, `${member}/earn`, { ...PTS, points: "100" }, "e2");
  expect(effect.points).toBe("100");
  expect(balance).toEqual({ ...zero, book: "30", available: "30" });
});

test("an adjustment within the limit is done at once", async () => {
  const [member] = await enrol(api, shop, "adjust");
  const credit = { ...PTS, direction: "credit", points: "100", reason: "goodwill" };
  const credited = await done(api, `${member}/adjustments`, credit, "a1");
  expect(credited.effect).toMatchObject({ kind: "adjusted", points: "100", credited: [{ lot: 1 }] });
  const debit = { ...PTS, direction: "debit", points: "30", reason: "correction" };
  const debited = await done(api, `${member}/adjustments`, debit, "a2");
  expect(debited.effect).toMatchObject({
    kind: "adjusted",
    points: "30",
    debited: [{ lot: 1, points: "30" }],
  });
  expect(debited.balance).toEqual({ ...zero, book: "70", available: "70" });
});

test("an adjustment above the limit waits for a second principal", async () => {
  const [member] = await enrol(api, shop, "approve");
  const credit = { ...PTS, direction: "credit", points: "101", reason: "goodwill" };
  const asked = await waits(api, shop, `${member}/adjustments`, credit, "a1");
  expect(await bookOf(fixture, "shop", "approve")).toBe(0n);
  const second = fixture.service.api({ name: "second" });
  const approved = await done(second, `${asked}/approve`, {}, "ok");
  expect(approved.effect).toMatchObject({ kind: "adjusted", points: "101" });
  expect(approved.balance).toEqual({ ...zero, book: "101", available: "101" });
});

test("a write-off always waits for a second principal, and lowers the debt", async () => {
  const member = await memberWith("write-off", "100");
  await done(api, `${member}/burn`, { ...PTS, points: "100" }, "b1");
  const origin = { system: "pos", id: "seed" };
  await done(api, `${member}/reversals`, { ...PTS, origin, all: true }, "r1");
  const wanted = { ...PTS, direction: "write_off", points: "1", reason: "goodwill" };
  const asked = await waits(api, shop, `${member}/adjustments`, wanted, "a1");
  const second = fixture.service.api({ name: "second" });
  const written = await done(second, `${asked}/approve`, {}, "ok");
  expect(written.effect).toMatchObject({ kind: "written_off", points: "1" });
  expect(written.balance).toEqual({ ...zero, debt: "99" });
});

test("an opening balance brings its own expiry", async () => {
  const [member] = await enrol(api, shop, "opening");
  const opening = { ...PTS, points: "5", expiresAt: "2026-12-31T17:00:00Z", reason: "opening" };
  const { effect } = await done(api, `${member}/earn`, opening, "o1");
  expect(effect.credited).toMatchObject([{ expiresAt: "2026-12-31T17:00:00.000Z" }]);
  const never = await done(api, `${member}/earn`, { ...PTS, points: "5", expiresAt: null }, "o2");
  expect(never.effect.credited).toMatchObject([{ expiresAt: null }]);
});

test("an effect of several events is repeated whole", async () => {
  await enrol(api, shop, "crumbs");
  const lines = Array.from({ length: 501 }, (_, i) => {
    const source = { system: "pos", id: `crumb ${i}` };
    return { op: "earn", member: "ext:crumbs", ...PTS, points: "1", source };
  });
  await api.bulk("shop", lines);
  const burn = `${shop}/members/ext:crumbs/burn`;
  const { effect } = await done(api, burn, { ...PTS, points: "501" }, "b1");
  expect(effect.debited).toHaveLength(501);
  expect((await api.post(burn, { ...PTS, points: "501" }, "b1")).body.effect).toEqual(effect);
});

test("a member may be called otherwise in the repetition", async () => {
  const member = await memberWith("renamed", "100");
  await enrol(api, shop, "renamed-target");
  const transfer = { ...PTS, points: "10", to: "ext:renamed-target" };
  const first = await done(api, `${member}/transfers`, transfer, "t1");
  const path = `${shop}/members/${first.member}/transfers`;
  const again = await api.post(path, { ...transfer, to: first.effect.transfer.to }, "t1");
  expect([again.status, again.body.effect]).toEqual([200, first.effect]);
});

test("a key used for one hold is refused for another", async () => {
  const member = await memberWith("two-holds", "100");
  const hold = async (key: string) =>
    (await done(api, `${member}/holds`, { ...PTS, points: "10" }, key)).effect.hold.id;
  const [one, two] = [await hold("h1"), await hold("h2")];
  await done(api, `${shop}/holds/${one}/capture`, {}, "c1");
  await refused(fixture, () => api.post(`${shop}/holds/${two}/capture`, {}, "c1"), 422, "key_reused");
});

test("every operation repeated under its key answers its first effect and writes nothing", async () => {
  const member = await memberWith("replays", "1000");
  await enrol(api, shop, "replays-target");
  const second = fixture.service.api({ name: "second" });
  const first: {
    readonly by: Api;
    readonly path: string;
    readonly body: object;
    readonly answer: Body;
    readonly status: number;
  }[] = [];
  const run = async (path: string, body: object, by = api) => {
    const { status, body: answer } = await succeeds(by.post(path, body, `key-${first.length}`));
    expect(answer).toMatchObject({ replayed: false });
    first.push({ by, path, body, answer, status });
    return answer.effect;
  };
  const asks = async () => {
    const { adjustment } = await run(`${member}/adjustments`, {
      ...PTS,
      direction: "debit",
      points: "500",
      reason: "fix",
    });
    return `${shop}/adjustments/${adjustment.id}`;
  };
  const spend = { amount: "100000", currency: "THB", rule: "base" };
  await run(`${member}/earn`, { ...PTS, spend, source: { system: "pos", id: "sale" } });
  await run(`${member}/burn`, { ...PTS, points: "10", source: { system: "pos", id: "redeemed" } });
  const held = await run(`${member}/holds`, { ...PTS, points: "10" });
  await run(`${shop}/holds/${held.hold.id}/capture`, { points: "4" });
  const voided = await run(`${member}/holds`, { ...PTS, points: "10" });
  await run(`${shop}/holds/${voided.hold.id}/void`, {});
  await run(`${member}/transfers`, { ...PTS, points: "10", to: "ext:replays-target" });
  await run(`${member}/reversals`, { ...PTS, origin: { system: "pos", id: "sale" }, points: "1" });
  await run(`${member}/reversals`, { ...PTS, origin: { system: "pos", id: "redeemed" }, points: "3" });
  await run(`${member}/adjustments`, { ...PTS, direction: "debit", points: "5", reason: "fix" });
  await run(`${await asks()}/approve`, {}, second);
  await run(`${await asks()}/reject`, {}, second);
  await run(`${await asks()}/withdraw`, {});

  const before = await fixture.testStore.store.head();
  const balance = first.at(-1)?.answer.balance;
  for (const [i, { by, path, body, answer, status }] of first.entries()) {
    const again = await by.post(path, body, `key-${i}`);
    expect(again.status).toBe(status === 202 ? 202 : 200);
    expect(again.body).toEqual({ ...answer, replayed: true, balance, token: again.body.token });
    const slices = parseToken(answer.token)?.places.map(({ slice }) => slice) ?? [];
    expect(parseToken(again.body.token)?.places).toEqual(
      slices.map((slice) => ({ slice, position: before })),
    );
  }
  expect(await fixture.testStore.store.head()).toBe(before);
});
