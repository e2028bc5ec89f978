import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { source, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused, setClock } from "./support/fixture.ts";

// What the API reference says of a field, where it is described, is so.

const PTS = { currency: "PTS" };
const NOON = "2026-03-10T05:00:00.000Z";

let fixture: Fixture;
let api: Api;
let shop: string;
let described: (route: string, ...fields: string[]) => string;

interface Node {
  readonly $ref?: string;
  readonly [member: string]: unknown;
}

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "reference", { clock: { mode: "replay", at: NOON } });
  const document = (await api.get("/openapi.json")).body as unknown as Node;
  const into = (node: Node, member: string): Node => {
    const named = (node.$ref ?? "")
      .split("/")
      .slice(1)
      .reduce((at, name) => at[name] as Node, document);
    const found = node[member] ?? named[member];
    if (found === undefined) throw new Error(`no ${member} in ${JSON.stringify(node)}`);
    return found as Node;
  };
  described = (route, ...fields) => {
    const post = into(
      into(into(document, "paths"), `/v1/programmes/{programme}/${route}`),
      route.includes("rules") ? "put" : "post",
    );
    const [where, ...rest] = fields as [string, ...string[]];
    const from = where === "answer" ? into(into(post, "responses"), "201") : into(post, "requestBody");
    const schema = into(into(into(from, "content"), "application/json"), "schema");
    const field = rest.reduce((at, name) => into(into(at, "properties"), name), schema);
    return into(field, "description") as unknown as string;
  };
});

afterAll(() => fixture.close());

const member = async (name: string) => ((await enrol(api, shop, name)) as [string])[0];

test("occurredAt selects rule and expiry, the clock what is available; a retry that is stamped anew is refused", async () => {
  const words = described("members/{member}/earn", "body", "occurredAt");
  for (const said of [
    "five minutes ahead",
    "version of the rule",
    "cap",
    "expiry",
    "by the clock, now",
    "stamp it once",
  ])
    expect(words).toContain(said);
  const path = await member("stamps");
  const spend = { spend: { amount: "100000", currency: "THB", rule: "base" } };
  const earn = { ...PTS, ...spend, occurredAt: "2026-03-10T05:04:59Z", source: source("ahead") };
  // Not yet happened, and there: what is available is judged by the clock.
  expect((await done(api, `${path}/earn`, earn)).balance).toMatchObject({ book: "40" });
  const again = { ...earn, occurredAt: "2026-03-10T05:04:58Z" };
  await refused(fixture, () => api.post(`${path}/earn`, again), 422, "key_reused");
  const far = { ...earn, occurredAt: "2026-03-10T05:05:01Z", source: source("too far") };
  await refused(fixture, () => api.post(`${path}/earn`, far), 422, "occurred_at_in_future");
});

test("legs are effects of their own under one id", async () => {
  expect(described("members/{member}/earn", "body", "source", "leg")).toContain("leg of its own");
  const path = await member("legs");
  await done(api, `${path}/earn`, { ...PTS, points: "10", source: source("receipt") });
  await done(api, `${path}/burn`, { ...PTS, points: "4", source: source("receipt", "burn") });
  const parts = ["return-1", "return-2"].map((leg) => ({
    ...PTS,
    points: "3",
    origin: source("receipt"),
    source: source("receipt", leg),
  }));
  for (const part of parts) await done(api, `${path}/reversals`, part);
});

test("the balance of a repetition is of now, its effect of then", async () => {
  expect(described("members/{member}/earn", "answer", "balance")).toContain(
    "as it is now, not as it was then",
  );
  expect(described("members/{member}/earn", "answer", "replayed")).toContain(
    "`balance` and `token` are of now",
  );
  const path = await member("now");
  const earn = { ...PTS, points: "10", source: source("earn") };
  const first = await done(api, `${path}/earn`, earn);
  await done(api, `${path}/burn`, { ...PTS, points: "4" }, "burn");
  const { body } = await succeeds(api.post(`${path}/earn`, earn));
  expect(body).toMatchObject({ replayed: true, effect: first.effect, balance: { available: "6" } });
});

test("a hold is captured once, and what is not captured is released", async () => {
  expect(described("holds/{id}/capture", "body", "points")).toContain("captured once");
  const path = await member("holds");
  await done(api, `${path}/earn`, { ...PTS, points: "10" }, "earned");
  const { effect } = await done(api, `${path}/holds`, { ...PTS, points: "10" }, "held");
  const capture = `${shop}/holds/${effect.hold.id}/capture`;
  const { balance } = await done(api, capture, { points: "4" }, "captured");
  expect(balance).toMatchObject({ available: "6", held: "0" });
  await refused(fixture, () => api.post(capture, { points: "1" }, "again"), 409, "hold_closed");
});

test("a return frees nothing of a day's cap, and takes its share of what a cap has left", async () => {
  expect(described("rules/{rule}", "body", "maxPerDay")).toContain("A return frees nothing of it");
  expect(described("rules/{rule}", "body", "maxPerOrder")).toContain("share of the points that were granted");
  expect(described("members/{member}/reversals", "body", "spend")).toContain("also where a cap cut them");
  const rule = { currency: "PTS", money: "THB", per: "2500", points: "1", maxPerDay: "40" };
  await succeeds(api.put(`${shop}/rules/capped`, rule));
  const path = await member("caps");
  const spend = { amount: "200000", currency: "THB", rule: "capped" };
  const earn = async (id: string) =>
    (await done(api, `${path}/earn`, { ...PTS, spend, source: source(id) })).effect;
  expect(await earn("first")).toMatchObject({ points: "40", rule: { limitedBy: "day_cap" } });
  const half = { ...PTS, spend: { amount: "100000" }, origin: source("first") };
  expect((await done(api, `${path}/reversals`, half, "half")).effect.points).toBe("20");
  expect(await earn("second")).toMatchObject({ points: "0", rule: { limitedBy: "day_cap" } });
  await setClock(api, shop, "2026-03-10T17:00:00.000Z");
  expect(await earn("next day")).toMatchObject({ points: "40" });
});
