import type { Api } from "@taem/testing/api";
import type { Service } from "@taem/testing/commands-service";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme, done, enrol, setClock } from "./support/fixture.ts";

// Two instances on one store, whose clocks the tests move.
let now = Date.parse("2026-06-01T00:00:00Z");
const clock = { now: () => now };
let fixture: Fixture;
let here: Api;
let other: Service;
let there: Api;

beforeAll(async () => {
  fixture = await openFixture({ clock });
  here = fixture.api;
  other = await fixture.another();
  there = other.api();
});

afterAll(async () => {
  await fixture.close();
  expect(other.complaints).toEqual([]);
});

const PTS = { currency: "PTS" };
const RULE = { ...PTS, money: "THB", per: "100", points: "1" };
const SPEND = { amount: "100", currency: "THB", rule: "base" };

test("a rule published through one instance is known to the other before it refuses for want of it", async () => {
  const shop = await defineProgramme(here, "rules");
  const [member] = (await enrol(there, shop, "member")) as [string];
  await succeeds(here.put(`${shop}/rules/fresh`, RULE));
  await done(there, `${member}/earn`, { ...PTS, spend: { ...SPEND, rule: "fresh" } }, "e1");
});

test("lines of one account keep their order where the first needs a rule published through another instance", async () => {
  const shop = "/v1/programmes/lines";
  await succeeds(here.put(shop, { name: "lines", zone: "Asia/Bangkok" }));
  await succeeds(here.put(`${shop}/currencies/PTS`, { expiry: { kind: "never" } }));
  await enrol(there, shop, "member");
  await there.bulk("lines", [{ op: "enrol", externalId: "warm" }]);
  await succeeds(here.put(`${shop}/rules/fresh`, RULE));
  const onMember = { member: "ext:member", ...PTS };
  const answers = await there.bulk("lines", [
    { op: "earn", ...onMember, spend: { ...SPEND, rule: "fresh" }, source: { system: "pos", id: "1" } },
    { op: "burn", ...onMember, points: "1", source: { system: "pos", id: "2" } },
  ]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
});

test("a currency defined through one instance is known to the other before it refuses for want of it", async () => {
  const shop = await defineProgramme(here, "currencies");
  const [member] = (await enrol(there, shop, "member")) as [string];
  await succeeds(here.put(`${shop}/currencies/FRESH`, { expiry: { kind: "never" } }));
  await done(there, `${member}/earn`, { currency: "FRESH", points: "1" }, "e1");
});

test("a replay clock moved through one instance is known to the other before it refuses", async () => {
  const shop = await defineProgramme(here, "clocks");
  const [member] = (await enrol(there, shop, "member")) as [string];
  await succeeds(here.put(`${shop}/rules/delayed`, { ...RULE, pendingSeconds: 3600 }));
  const spend = { ...SPEND, rule: "delayed" };
  await done(there, `${member}/earn`, { ...PTS, spend }, "e1");
  await setClock(here, shop, "2026-03-10T04:00:00Z");
  await done(there, `${member}/burn`, { ...PTS, points: "1" }, "b1");
  await setClock(here, shop, "2026-03-11T04:00:00Z");
  await done(there, `${member}/earn`, { ...PTS, points: "1", occurredAt: "2026-03-11T04:00:00Z" }, "e2");
});

test("a longer hold allowed through one instance is known to the other before it refuses", async () => {
  const settings = { maxHoldTimeoutSeconds: 60, holdTimeoutSeconds: 60 };
  const shop = await defineProgramme(here, "holds", { singleHanded: true, ...settings });
  const [member] = (await enrol(there, shop, "member")) as [string];
  await done(there, `${member}/earn`, { ...PTS, points: "1" }, "e1");
  const longer = { expiry: { kind: "never" }, maxHoldTimeoutSeconds: 120, holdTimeoutSeconds: 60 };
  await succeeds(here.put(`${shop}/currencies/PTS`, longer));
  await done(there, `${member}/holds`, { ...PTS, points: "1", timeoutSeconds: 120 }, "h1");
});

test("an instance that was idle prices by the version that another published", async () => {
  const shop = await defineProgramme(here, "idle", { singleHanded: true });
  const [member] = (await enrol(there, shop, "member")) as [string];
  expect((await done(there, `${member}/earn`, { ...PTS, spend: SPEND }, "e1")).effect.points).toBe("0");
  await succeeds(here.put(`${shop}/rules/base`, { ...RULE, points: "5" }));
  now += 501;
  expect((await done(there, `${member}/earn`, { ...PTS, spend: SPEND }, "e2")).effect.points).toBe("5");
});

test("what one instance did the other repeats", async () => {
  const shop = await defineProgramme(here, "replays");
  const [member] = (await enrol(here, shop, "member")) as [string];
  const first = await done(here, `${member}/earn`, { ...PTS, points: "7" }, "e1");
  const source = { system: "pos", id: "1" };
  const key = await done(here, `${member}/burn`, { ...PTS, points: "3", source });
  const again = await there.post(`${member}/burn`, { ...PTS, points: "3", source });
  expect(again).toMatchObject({ status: 200, body: { replayed: true, member: first.member } });
  expect(again.body.effect).toEqual(key.effect);
});

test("a member enrolled through one instance is known to the other", async () => {
  const shop = await defineProgramme(here, "members");
  const path = `${shop}/members/ext:member`;
  expect((await there.get(path)).body.code).toBe("member_unknown");
  await enrol(here, shop, "member");
  expect((await there.get(path)).status).toBe(200);
});

test("both instances enrol one external id at once: one member", async () => {
  const shop = await defineProgramme(here, "race");
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      (i % 2 === 0 ? here : there).post(`${shop}/members`, { externalId: "member" }),
    ),
  );
  expect(new Set(answers.map(({ body }) => body.member)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
});
