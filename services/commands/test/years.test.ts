import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused, setClock } from "./support/fixture.ts";

// Years that nobody means are refused before they are in the log: a point that lives 543 years, a clock that comes
// back from nowhere.

let fixture: Fixture;
let api: Api;
let shop: string;
let member: string;

const SERVER_NOW = Date.parse("2026-11-22T10:00:00Z");

beforeAll(async () => {
  fixture = await openFixture({ clock: { now: () => SERVER_NOW } });
  api = fixture.api;
  shop = await defineProgramme(api, "years");
  [member] = (await enrol(api, shop, "member")) as [string];
});

afterAll(() => fixture.close());

const earn = (more: object) => [`${member}/earn`, { currency: "PTS", points: "1", ...more }] as const;

test.each(["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "9999-12-31T00:00:00+07:00"])(
  "an expiry at %s means never",
  async (expiresAt) => {
    const [path, body] = earn({ expiresAt });
    const { effect } = await done(api, path, body, expiresAt);
    expect(effect.credited).toMatchObject([{ expiresAt: null }]);
  },
);

test.each([
  [
    "an expiry whose offset leads beyond 9999",
    "expiresAt",
    "9999-12-31T23:59:59-05:00",
    400,
    "time_out_of_range",
  ],
  [
    "a time whose offset leads before 1970",
    "occurredAt",
    "1970-01-01T06:59:59+07:00",
    400,
    "time_out_of_range",
  ],
  ["an expiry of the Buddhist year 2569", "expiresAt", "2569-12-31T17:00:00Z", 422, "expiry_too_far"],
  ["an expiry in the year before the last", "expiresAt", "9998-06-01T00:00:00Z", 422, "expiry_too_far"],
] as const)("%s is refused", async (_, field, instant, status, code) => {
  const [path, body] = earn({ [field]: instant });
  await refused(fixture, () => api.post(path, body, "k"), status, code);
  const line = { op: "earn", member: "ext:member", ...body, source: { system: "pos", id: "k" } };
  const [answer] = await api.bulk("years", [line]);
  expect(answer?.problem).toMatchObject({ status, code });
});

describe("a replay clock", () => {
  const at = (instant: string) => ({ mode: "replay", at: instant });

  test.each(["2569-01-01T00:00:00+07:00", "9999-12-31T23:00:00Z", "2036-11-22T10:00:00.001Z"])(
    "is not set to %s, more than ten years beyond the server's time",
    async (instant) => {
      await refused(fixture, () => api.put(`${shop}/clock`, at(instant)), 422, "clock_too_far");
      const programme = { name: "New", zone: "Asia/Bangkok", clock: at(instant) };
      await refused(fixture, () => api.put("/v1/programmes/new", programme), 422, "clock_too_far");
      expect(await api.get("/v1/programmes/new")).toMatchObject({ status: 404 });
    },
  );

  test("may stand ten years ahead, and what is asked again about a programme that stands is not judged again", async () => {
    const ahead = { name: "Ahead", zone: "Asia/Bangkok", clock: at("2036-11-22T10:00:00Z") };
    await succeeds(api.put("/v1/programmes/ahead", ahead));
    const beyond = { ...ahead, clock: at("2036-11-22T10:00:00.001Z") };
    await refused(fixture, () => api.put("/v1/programmes/ahead", beyond), 409, "clock_differs");
    await using later = await fixture.another({ clock: { now: () => SERVER_NOW - 1 } });
    await succeeds(later.api().put("/v1/programmes/ahead", ahead));
    await succeeds(later.api().put("/v1/programmes/ahead/clock", ahead.clock));
  });

  test("does not begin before 1970 where the programme is", async () => {
    const programme = { name: "Early", zone: "America/New_York", clock: at("1970-01-01T00:00:00Z") };
    await refused(fixture, () => api.put("/v1/programmes/early", programme), 400, "time_out_of_range");
  });

  test("is where an expiry's hundred years begin", async () => {
    const path = await defineProgramme(api, "past", { clock: at("1990-01-01T00:00:00Z") });
    const [old] = (await enrol(api, path, "old")) as [string];
    const body = { currency: "PTS", points: "1", expiresAt: "2091-01-01T00:00:00Z" };
    await refused(fixture, () => api.post(`${old}/earn`, body, "k"), 422, "expiry_too_far");
    await setClock(api, path, "1991-01-01T00:00:00Z");
    await done(api, `${old}/earn`, body, "k");
  });
});

test.each([
  ["36501 days", { kind: "term", term: { count: 36_501, unit: "days" } }],
  ["1201 months", { kind: "term", term: { count: 1_201, unit: "months" } }],
  ["36500 years", { kind: "term", term: { count: 36_500, unit: "years" } }],
  ["101 years", { kind: "term", term: { count: 101, unit: "years" } }],
])("a term of %s is refused", async (_, expiry) => {
  const put = (body: object) => api.put(`${shop}/currencies/LONG`, body);
  await refused(fixture, () => put({ expiry }), 400, "value_out_of_range");
  const inactivity = expiry.term;
  await refused(fixture, () => put({ expiry: { kind: "never" }, inactivity }), 400, "value_out_of_range");
});

test("points of the longest terms have an expiry that can be written", async () => {
  const longest = { days: 36_500, months: 1_200, years: 100 };
  for (const [unit, count] of Object.entries(longest)) {
    const code = unit.toUpperCase();
    const settings = { expiry: { kind: "term", term: { count, unit } }, inactivity: { count, unit } };
    await succeeds(api.put(`${shop}/currencies/${code}`, settings));
    const { effect } = await done(api, `${member}/earn`, { currency: code, points: "1" }, unit);
    expect(effect.credited?.[0]?.expiresAt).toMatch(/^212[56]-/);
  }
});
