import type { Answer, Api } from "@taem/testing/api";
import { breaks, faultyStore, passes } from "@taem/testing/faulty-store";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol, refused } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop");
  await succeeds(api.put(`${shop}/sources/orders`, { keys: "programme" }));
  await succeeds(api.put(`${shop}/currencies/OTHER`, { expiry: { kind: "never" } }));
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };

/** What an order gives or takes, whoever's it is. */
function order(id: string, points: string) {
  return { ...PTS, points, source: { system: "orders", id } };
}

function codes(answers: readonly Answer[]): (string | number)[] {
  return answers.map(({ status, body }) => body.code ?? status);
}

test("an order credited to one member cannot be credited to another", async () => {
  const [mine, theirs] = (await enrol(api, shop, "mine", "theirs")) as [string, string];
  const first = await done(api, `${mine}/earn`, order("A", "10"));
  await refused(fixture, () => api.post(`${theirs}/earn`, order("A", "10")), 422, "key_reused");
  const again = await api.post(`${mine}/earn`, order("A", "10"));
  expect([again.status, again.body.effect]).toEqual([200, first.effect]);
  await refused(fixture, () => api.post(`${mine}/earn`, order("A", "11")), 422, "key_reused");
});

test("the order belongs to one currency of the member, too", async () => {
  const [member] = (await enrol(api, shop, "currencies")) as [string];
  await done(api, `${member}/earn`, order("B", "10"));
  const other = { ...order("B", "10"), currency: "OTHER" };
  await refused(fixture, () => api.post(`${member}/earn`, other), 422, "key_reused");
});

test("a system that is not declared so has keys of account scope", async () => {
  const [one, two] = (await enrol(api, shop, "one", "two")) as [string, string];
  const earn = { ...PTS, points: "1", source: { system: "pos", id: "A" } };
  await done(api, `${one}/earn`, earn);
  await done(api, `${two}/earn`, earn);
});

test("an order sent for forty members at once, through two instances, has one effect", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `crowd-${i}`);
  const members = await enrol(api, shop, ...names);
  const other = (await fixture.another()).api();
  const answers = await Promise.all(
    members.map((member, i) => (i % 2 === 0 ? api : other).post(`${member}/earn`, order("C", "10"))),
  );
  expect(codes(answers).toSorted()).toEqual([201, ...Array<string>(39).fill("key_reused")].toSorted());
  const earned = (await wholeLog(fixture.testStore.store)).filter(
    ({ type, data }) => type === "PointsEarned" && data.includes('"id":"C"'),
  );
  expect(earned).toHaveLength(1);
});

test("an order sent forty times at once for one member has one effect, and one answer", async () => {
  const [member] = (await enrol(api, shop, "hasty")) as [string];
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => api.post(`${member}/earn`, order("D", "10"))),
  );
  expect(codes(answers).toSorted()).toEqual([...Array<number>(39).fill(200), 201]);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.effect))).size).toBe(1);
  expect(await bookOf(fixture, "shop", "hasty")).toBe(10n);
});

test("a command that is refused reserves nothing", async () => {
  const [poor, rich] = (await enrol(api, shop, "poor", "rich")) as [string, string];
  await done(api, `${rich}/earn`, { ...PTS, points: "10" }, "e1");
  const burn = order("E", "5");
  await refused(fixture, () => api.post(`${poor}/burn`, burn), 409, "insufficient_points");
  await done(api, `${rich}/burn`, burn);
});

test("a return that is refused only after its sale was read reserves nothing", async () => {
  const [wrong, right] = (await enrol(api, shop, "wrong", "right")) as [string, string];
  const sale = { system: "pos", id: "sale" };
  await done(api, `${wrong}/earn`, { ...PTS, points: "5", source: sale });
  await done(api, `${right}/earn`, { ...PTS, points: "50", source: sale });
  const refund = { ...order("F", "50"), origin: sale };
  await refused(fixture, () => api.post(`${wrong}/reversals`, refund), 409, "reversal_exceeds_origin");
  await done(api, `${right}/reversals`, refund);
});

test("a key reserved before a crash is the same account's to use, and nobody else's", async () => {
  const [mine, theirs] = (await enrol(api, shop, "crashed", "bystander")) as [string, string];
  const store = faultyStore(fixture.testStore.store);
  const crashing = await fixture.another({ store });
  // The decision is foreseen (confirmed by an append of nothing), the key reserved, the effect never stored.
  store.appendFaults.push(passes, passes, breaks);
  const answer = await crashing.api().post(`${mine}/earn`, order("G", "10"));
  expect([answer.status, answer.body.code]).toEqual([503, "outcome_unknown"]);
  expect(crashing.complaints).not.toEqual([]);
  await refused(fixture, () => api.post(`${theirs}/earn`, order("G", "10")), 422, "key_reused");
  await done(api, `${mine}/earn`, order("G", "10"));
});

test("a transfer under an order's key has one effect", async () => {
  const [giver, taker] = (await enrol(api, shop, "giver", "taker")) as [string, string];
  await done(api, `${giver}/earn`, { ...PTS, points: "10" }, "e1");
  await done(api, `${taker}/earn`, { ...PTS, points: "10" }, "e1");
  await done(api, `${giver}/transfers`, { ...order("H", "4"), to: "ext:taker" });
  const back = { ...order("H", "4"), to: "ext:giver" };
  await refused(fixture, () => api.post(`${taker}/transfers`, back), 422, "key_reused");
  const again = await api.post(`${giver}/transfers`, { ...order("H", "4"), to: "ext:taker" });
  expect(again.status).toBe(200);
  expect(await bookOf(fixture, "shop", "taker")).toBe(14n);
});
