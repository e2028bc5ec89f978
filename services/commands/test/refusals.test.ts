import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol, refused, waits } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let shop: string;
let member: string;
let memberId: string;
let openHold: string;
let captured: string;
let voided: string;
let asked: string;

const PTS = { currency: "PTS" };
const UNKNOWN_MEMBER = "00000000-0000-7000-8000-000000000000";

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop", {
    maxHoldTimeoutSeconds: 3600,
    holdTimeoutSeconds: 60,
    adjustmentLimit: "1000",
    earnCeiling: null,
  });
  await succeeds(api.put(`${shop}/currencies/OTHER`, { expiry: { kind: "never" } }));
  const rule = { ...PTS, money: "THB", per: "1", points: "1000000000000000" };
  await succeeds(api.put(`${shop}/rules/lavish`, rule));
  await succeeds(api.put(`${shop}/rules/later`, { ...rule, validFrom: "2027-01-01T00:00:00Z" }));
  [member] = (await enrol(api, shop, "member", "other")) as [string, string];
  const spend = { amount: "250000", currency: "THB", rule: "base" };
  const sale = await done(api, `${member}/earn`, { ...PTS, spend, source: source("sale") });
  memberId = sale.member;
  await done(api, `${member}/earn`, { ...PTS, points: "100", source: source("gift") });
  await done(api, `${member}/burn`, { ...PTS, points: "10", source: source("spent") });
  const hold = { ...PTS, points: "10", source: source("held") };
  await succeeds(api.put(`${shop}/sources/orders`, { keys: "programme" }));
  await done(api, `${shop}/members/ext:other/earn`, { ...PTS, points: "9", source: order });
  captured = (await done(api, `${member}/holds`, hold)).effect.hold.id;
  await done(api, `${shop}/holds/${captured}/capture`, {}, "capture");
  voided = (await done(api, `${member}/holds`, { ...PTS, points: "10" }, "held-2")).effect.hold.id;
  await done(api, `${shop}/holds/${voided}/void`, {}, "void");
  openHold = (await done(api, `${member}/holds`, { ...PTS, points: "10" }, "held-3")).effect.hold.id;
  const credit = { ...PTS, direction: "credit", points: "1001", reason: "goodwill" };
  asked = await waits(api, shop, `${member}/adjustments`, credit, "ask");
});

afterAll(() => fixture.close());

const order = { system: "orders", id: "of another" };

function source(id: string) {
  return { system: "pos", id };
}

/** Every refusal of the ledger: what is asked, and the code it is refused with. */
const REFUSALS: readonly [code: string, status: number, what: string, ask: () => [string, object]][] = [
  ["insufficient_points", 409, "a burn", () => [`${member}/burn`, { ...PTS, points: "171" }]],
  ["insufficient_points", 409, "a hold", () => [`${member}/holds`, { ...PTS, points: "171" }]],
  [
    "insufficient_points",
    409,
    "a transfer",
    () => [`${member}/transfers`, { ...PTS, points: "171", to: "ext:other" }],
  ],
  ["hold_timeout_too_long", 422, "a hold", () => [`${member}/holds`, held({ timeoutSeconds: 3601 })]],
  ["hold_unknown", 404, "a capture", () => [`${shop}/holds/${memberId}-1-99/capture`, {}]],
  ["hold_unknown", 404, "a void", () => [`${shop}/holds/${memberId}-1-99/void`, {}]],
  ["hold_closed", 409, "a capture of a captured hold", () => [`${shop}/holds/${captured}/capture`, {}]],
  ["hold_closed", 409, "a capture of a voided hold", () => [`${shop}/holds/${voided}/capture`, {}]],
  ["hold_closed", 409, "a void of a captured hold", () => [`${shop}/holds/${captured}/void`, {}]],
  ["capture_exceeds_hold", 422, "a capture", () => [`${shop}/holds/${openHold}/capture`, { points: "11" }]],
  [
    "transfer_to_self",
    422,
    "a transfer",
    () => [`${member}/transfers`, { ...PTS, points: "1", to: memberId }],
  ],
  [
    "member_unknown",
    404,
    "a transfer to nobody",
    () => [`${member}/transfers`, { ...PTS, points: "1", to: "ext:nobody" }],
  ],
  ["origin_unknown", 422, "a return", () => [`${member}/reversals`, back("nothing", { all: true })]],
  [
    "origin_of_another_account",
    422,
    "a return of another's order",
    () => [`${member}/reversals`, { ...PTS, origin: order, all: true }],
  ],
  [
    "missing_field",
    400,
    "a return of everything without an origin",
    () => [`${member}/reversals`, { ...PTS, all: true }],
  ],
  [
    "missing_field",
    400,
    "a return by money without an origin or rule",
    () => [`${member}/reversals`, { ...PTS, spend: { amount: "1" } }],
  ],
  [
    "origin_not_reversible",
    409,
    "a return of a hold",
    () => [`${member}/reversals`, back("held", { points: "1" })],
  ],
  [
    "origin_without_spend",
    422,
    "a return by money of points given outright",
    () => [`${member}/reversals`, back("gift", { spend: { amount: "1" } })],
  ],
  [
    "origin_without_spend",
    422,
    "a refund of a burn by money",
    () => [`${member}/reversals`, back("spent", { spend: { amount: "1" } })],
  ],
  [
    "reversal_exceeds_origin",
    409,
    "a return of an earn",
    () => [`${member}/reversals`, back("sale", { points: "101" })],
  ],
  [
    "reversal_exceeds_origin",
    409,
    "a refund of a burn",
    () => [`${member}/reversals`, back("spent", { points: "11" })],
  ],
  [
    "refund_exceeds_sale",
    409,
    "a return by money",
    () => [`${member}/reversals`, back("sale", { spend: { amount: "250001" } })],
  ],
  ["rule_unknown", 422, "an earn", () => [`${member}/earn`, spend("nothing", "THB")]],
  ["rule_not_valid", 422, "an earn before the rule", () => [`${member}/earn`, spend("later", "THB")]],
  ["wrong_currency", 422, "an earn in other money", () => [`${member}/earn`, spend("base", "USD")]],
  [
    "wrong_currency",
    422,
    "an earn of other points",
    () => [`${member}/earn`, { ...spend("base", "THB"), currency: "OTHER" }],
  ],
  [
    "rule_unknown",
    422,
    "a return by money",
    () => [`${member}/reversals`, { ...PTS, spend: { amount: "1", rule: "nothing" } }],
  ],
  [
    "rule_not_valid",
    422,
    "a return by money",
    () => [`${member}/reversals`, { ...PTS, spend: { amount: "1", rule: "later" } }],
  ],
  [
    "wrong_currency",
    422,
    "a return by money",
    () => [`${member}/reversals`, { currency: "OTHER", spend: { amount: "1", rule: "base" } }],
  ],
  ["amount_too_large", 400, "an earn that a rule makes too large", () => [`${member}/earn`, lavish()]],
  [
    "occurred_at_in_future",
    422,
    "an earn more than five minutes ahead",
    () => [`${member}/earn`, { ...PTS, points: "1", occurredAt: "2026-03-10T03:05:00.001Z" }],
  ],
  ["insufficient_points", 409, "a debit", () => [`${member}/adjustments`, adjust("debit", "171")]],
  ["adjustment_unknown", 404, "an approval", () => [`${shop}/adjustments/${memberId}-1-99/approve`, {}]],
  ["approver_must_differ", 409, "an approval", () => [`${asked}/approve`, {}]],
  ["approver_must_differ", 409, "a rejection", () => [`${asked}/reject`, {}]],
  ["adjustment_unknown", 404, "a withdrawal", () => [`${shop}/adjustments/${memberId}-1-99/withdraw`, {}]],
  ["currency_unknown", 422, "an earn", () => [`${member}/earn`, { currency: "NONE", points: "1" }]],
  ["currency_unknown", 422, "a capture", () => [`${shop}/holds/${memberId}-9-1/capture`, {}]],
  ["member_unknown", 404, "an earn", () => [`${shop}/members/ext:nobody/earn`, { ...PTS, points: "1" }]],
  [
    "member_unknown",
    404,
    "an earn by our id",
    () => [`${shop}/members/${UNKNOWN_MEMBER}/earn`, { ...PTS, points: "1" }],
  ],
  ["member_unknown", 404, "a capture", () => [`${shop}/holds/${UNKNOWN_MEMBER}-1-1/capture`, {}]],
  [
    "programme_unknown",
    404,
    "an earn",
    () => ["/v1/programmes/nothing/members/ext:a/earn", { ...PTS, points: "1" }],
  ],
];

function held(more: object) {
  return { ...PTS, points: "1", ...more };
}

function back(id: string, more: object) {
  return { ...PTS, origin: source(id), ...more };
}

function spend(rule: string, currency: string) {
  return { ...PTS, spend: { amount: "100", currency, rule } };
}

function lavish() {
  return { ...PTS, spend: { amount: "2", currency: "THB", rule: "lavish" } };
}

function adjust(direction: string, points: string) {
  return { ...PTS, direction, points, reason: "fix" };
}

describe("refused with a code of its own, nothing written", () => {
  test.each(REFUSALS)("%s (%i): %s", async (code, status, what, ask) => {
    const [path, body] = ask();
    await refused(fixture, () => api.post(path, body, `refused ${code} ${what}`), status, code);
  });
});

test("a refusal consumes no key: what was refused can be done later under it", async () => {
  const [poor] = (await enrol(api, shop, "poor")) as [string];
  const burn = { ...PTS, points: "5", source: source("later") };
  await refused(fixture, () => api.post(`${poor}/burn`, burn), 409, "insufficient_points");
  await done(api, `${poor}/earn`, { ...PTS, points: "5" }, "e1");
  await done(api, `${poor}/burn`, burn);
});

test("an account holds 10^18 minor units at most", async () => {
  const [rich] = (await enrol(api, shop, "rich")) as [string];
  const most = { op: "earn", member: "ext:rich", ...PTS, points: String(10n ** 15n) };
  const lines = Array.from({ length: 1_000 }, (_, i) => ({ ...most, source: source(`rich ${i}`) }));
  expect(await api.bulk("shop", lines)).toHaveLength(1_000);
  expect(await bookOf(fixture, "shop", "rich")).toBe(10n ** 18n);
  const one = { ...PTS, points: "1" };
  await refused(fixture, () => api.post(`${rich}/earn`, one, "too rich"), 409, "balance_too_large");
  await done(api, `${rich}/burn`, one, "less rich");
  await done(api, `${rich}/earn`, one, "too rich");
});

test("a refused amount says what there is", async () => {
  const body = await refused(
    fixture,
    () => api.post(`${member}/burn`, { ...PTS, points: "5000" }, "too much"),
    409,
    "insufficient_points",
  );
  expect(body.detail).toBe("5000 asked, 170 available");
});

test("a transfer that the target may not take is refused, and the points are back", async () => {
  const limited = await defineProgramme(api, "limited", { maxBalance: "100" });
  const [giver, taker] = (await enrol(api, limited, "giver", "taker")) as [string, string];
  await done(api, `${giver}/earn`, { ...PTS, points: "90" }, "e1");
  await done(api, `${taker}/earn`, { ...PTS, points: "60" }, "e1");
  const transfer = { ...PTS, points: "50", to: "ext:taker" };
  const answer = await api.post(`${giver}/transfers`, transfer, "t1");
  expect([answer.status, answer.body.code]).toEqual([409, "balance_limit_exceeded"]);
  expect(await bookOf(fixture, "limited", "taker")).toBe(60n);
  await refused(fixture, () => api.post(`${giver}/transfers`, transfer, "t1"), 409, "balance_limit_exceeded");
  const all = await done(api, `${giver}/burn`, { ...PTS, points: "90" }, "all of it");
  expect(all.balance).toMatchObject({ book: "0", available: "0" });
});

test("an adjustment is decided afresh when it is approved, and only once", async () => {
  const [owner] = (await enrol(api, shop, "debited")) as [string];
  await done(api, `${owner}/earn`, { ...PTS, points: "2000" }, "e1");
  const approval = `${await waits(api, shop, `${owner}/adjustments`, adjust("debit", "1500"), "a1")}/approve`;
  await done(api, `${owner}/burn`, { ...PTS, points: "600" }, "b1");
  const second = fixture.service.api({ name: "second" });
  await refused(fixture, () => second.post(approval, {}, "ok"), 409, "insufficient_points");
  await done(api, `${owner}/earn`, { ...PTS, points: "100" }, "e2");
  await done(second, approval, {}, "ok");
  await refused(fixture, () => second.post(approval, {}, "again"), 409, "adjustment_closed");
});

test("a write-off of more than is owed is refused when it is approved", async () => {
  const waiting = await waits(api, shop, `${member}/adjustments`, adjust("write_off", "1"), "w1");
  const second = fixture.service.api({ name: "second" });
  await refused(fixture, () => second.post(`${waiting}/approve`, {}, "ok"), 409, "no_debt");
});

test("a hold that reached its timeout can be neither captured nor voided", async () => {
  const timely = await defineProgramme(api, "timely");
  const [owner] = (await enrol(api, timely, "owner")) as [string];
  await done(api, `${owner}/earn`, { ...PTS, points: "10" }, "e1");
  const { effect } = await done(api, `${owner}/holds`, { ...PTS, points: "10", timeoutSeconds: 60 }, "h1");
  await succeeds(api.put(`${timely}/clock`, { mode: "replay", at: "2026-03-10T03:01:00Z" }));
  const hold = `${timely}/holds/${effect.hold.id}`;
  await refused(fixture, () => api.post(`${hold}/capture`, {}, "c1"), 409, "hold_closed");
  await refused(fixture, () => api.post(`${hold}/void`, {}, "v1"), 409, "hold_closed");
  await done(api, `${owner}/holds`, { ...PTS, points: "10" }, "the same points again");
});

test("a command without any key is refused", async () => {
  await refused(fixture, () => api.post(`${member}/earn`, { ...PTS, points: "1" }), 400, "key_required");
});
