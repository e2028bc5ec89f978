import type { Activity } from "@taem/ledger/domain";
import type { Clock } from "@taem/runtime";
import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import type { ProgramOptions } from "@taem/testing/program";
import { succeeds } from "@taem/testing/programme";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bookOf, defineProgramme, done as doneUnder, enrol, refused } from "./support/fixture.ts";

// Failure: a stolen key of a till, or one clerk with many small adjustments, makes points all day and nothing stops it.

const PTS = { currency: "PTS" };
const CEILINGS = { earnCeiling: "1000", adjustmentCeiling: "100", adjustmentLimit: "60" };

const REACHED: unknown = expect.stringContaining("a client's ceiling is reached");

let fixture: Fixture;
let complaints: unknown[];
let keys = 0;
beforeEach(() => {
  complaints = [REACHED];
});
afterEach(() => fixture.close(complaints));

const post = (api: Api, path: string, body: object) => api.post(path, body, `key-${++keys}`);
const done = (api: Api, path: string, body: object) => doneUnder(api, path, body, `key-${++keys}`);
const earn = (api: Api, member: string, points: string) => post(api, `${member}/earn`, { ...PTS, points });
const adjust = (api: Api, member: string, points: string, direction = "credit") =>
  post(api, `${member}/adjustments`, { ...PTS, direction, points, reason: "goodwill" });

/** A service on a clock that the test moves, and a programme `shop` with one member. */
async function openShop(options: ProgramOptions = {}, settings: object = {}) {
  const time = { now: Date.parse("2026-11-29T12:00:00Z") };
  const clock: Clock = { now: () => time.now };
  fixture = await openFixture({ clock, ...options });
  const { api } = fixture;
  const shop = await defineProgramme(api, "shop", { ...CEILINGS, ...settings });
  const [member] = (await enrol(api, shop, "malee")) as [string];
  return { time, shop, member, api };
}

test("a client gives as much as the ceiling of its currency on a day; another client has a day of its own", async () => {
  const { member, api } = await openShop();
  await done(api, `${member}/earn`, { ...PTS, points: "990" });
  const problem = await refused(fixture, () => earn(api, member, "11"), 409, "earn_ceiling_reached");
  expect(problem).toMatchObject({ retryable: true, detail: expect.stringContaining("990 today") });
  await done(api, `${member}/earn`, { ...PTS, points: "10" });
  const another = fixture.service.api({ name: "tester" });
  await done(another, `${member}/earn`, { ...PTS, points: "1000" });
});

test("a day is a local one of the server's time, however a command is dated", async () => {
  const { time, member, api } = await openShop();
  await done(api, `${member}/earn`, { ...PTS, points: "1000", occurredAt: "2026-03-09T00:00:00Z" });
  time.now = Date.parse("2026-11-29T16:59:59.999Z");
  await refused(fixture, () => earn(api, member, "1"), 409, "earn_ceiling_reached");
  // Midnight in Bangkok.
  time.now += 1;
  await done(api, `${member}/earn`, { ...PTS, points: "1000" });
  await refused(fixture, () => earn(api, member, "1"), 409, "earn_ceiling_reached");
  complaints = [REACHED, REACHED];
});

test("a zone that is changed to and fro gives no day again", async () => {
  const { time, shop, member, api } = await openShop({}, { singleHanded: true });
  const given = async (zone: string) => {
    await succeeds(api.put(shop, { name: "shop", zone }));
    time.now += 10_000;
    const { status } = await earn(api, member, "1000");
    return status;
  };
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++)
    for (const zone of ["Asia/Bangkok", "Pacific/Kiritimati"]) statuses.push(await given(zone));
  // Two local days are under way on the earth.
  expect(statuses).toEqual([201, 201, 409, 409, 409, 409]);
});

test("of a day that a zone brings back the read model knows what was done on it before a restart", async () => {
  const asked: string[] = [];
  const activityOn = async (...[, , , date]: readonly [string, string, string, string]) => {
    asked.push(date);
    return { earned: date === "2026-11-30" ? 1000n : 0n, adjusted: 0n };
  };
  const { shop, member, api } = await openShop({ ports: { activityOn } }, { singleHanded: true });
  await done(api, `${member}/earn`, { ...PTS, points: "1000" });
  await succeeds(api.put(shop, { name: "shop", zone: "Pacific/Kiritimati" }));
  await refused(fixture, () => earn(api, member, "1"), 409, "earn_ceiling_reached");
  expect(asked).toEqual(["2026-11-29", "2026-11-30"]);
});

test("what waits anyway sounds no alarm of a ceiling, and hides none that is reached later", async () => {
  const { member, api } = await openShop();
  const because = async (points: string) => {
    const { status, body } = await adjust(api, member, points);
    return status === 202 ? (body.effect as { adjustment: { because?: string } }).adjustment.because : status;
  };
  expect(await because("500")).toBe("limit");
  expect(fixture.service.complaints).toEqual([]);
  for (const outcome of [201, "ceiling"]) expect(await because("60")).toBe(outcome);
});

test("no later line of a request overtakes one of its account that was refused for today", async () => {
  const { shop, api } = await openShop();
  await enrol(api, shop, "anong");
  const source = (id: string) => ({ system: "pos", id });
  const earning = (member: string, points: string) => ({ op: "earn", member, ...PTS, points });
  const burning = (member: string) => ({ op: "burn", member, ...PTS, points: "1" });
  const returning = { op: "reverse", member: "ext:malee", ...PTS, points: "990" };
  const first = earning("ext:malee", "10");
  await api.bulk("shop", [
    { ...first, source: source("first") },
    { ...earning("ext:anong", "5"), source: source("5") },
  ]);
  const lines = [
    earning("ext:malee", "990"),
    returning,
    burning("ext:malee"),
    { ...first, source: source("first") },
    burning("ext:anong"),
  ];
  const keyed = lines.map((line, i) => ({ source: source(`line-${i}`), ...line }));
  const outcomes = (await api.bulk("shop", keyed)).map(({ status, problem }) => problem?.code ?? status);
  const refused = "earn_ceiling_reached";
  expect(outcomes).toEqual([refused, refused, refused, 200, 201]);
  expect(await bookOf(fixture, "shop", "malee")).toBe(10n);
  // In another request it is another matter: whoever sends it knows what was refused.
  await done(api, `${shop}/members/ext:malee/burn`, { ...PTS, points: "1" });
});

test("commands of one process that are under way together do not pass it, in whatever requests they come", async () => {
  const { shop, api } = await openShop();
  const names = Array.from({ length: 40 }, (_, i) => `m-${i}`);
  const members = await enrol(api, shop, ...names);
  const lines = names.map((name) => ({ op: "earn", member: `ext:${name}`, ...PTS, points: "30" }));
  const keyed = lines.map((line, i) => ({ ...line, source: { system: "pos", id: `line-${i}` } }));
  const [singles, bulk] = await Promise.all([
    Promise.all(members.map((member) => earn(api, member, "30"))),
    api.bulk("shop", keyed),
  ]);
  const taken = [...singles, ...bulk].filter(({ status }) => status === 201);
  const refusals = [...singles.map(({ body }) => body.code), ...bulk.map(({ problem }) => problem?.code)];
  expect(taken).toHaveLength(33);
  expect(refusals.filter((code) => code === "earn_ceiling_reached")).toHaveLength(47);
});

test("a refused command takes no room, and a repetition takes none again", async () => {
  const { member, api } = await openShop();
  const gift = { ...PTS, points: "600", source: { system: "pos", id: "gift" } };
  await done(api, `${member}/earn`, gift);
  for (let i = 0; i < 3; i++) {
    expect((await api.post(`${member}/earn`, gift)).body).toMatchObject({ replayed: true });
    await refused(
      fixture,
      () => post(api, `${member}/earn`, { ...PTS, points: "400", occurredAt: "2027-01-01T00:00:00Z" }),
      422,
      "occurred_at_in_future",
    );
    const [poor] = (await enrol(api, "/v1/programmes/shop", `poor-${i}`)) as [string];
    await refused(fixture, () => adjust(api, poor, "60", "debit"), 409, "insufficient_points");
  }
  await done(api, `${member}/earn`, { ...PTS, points: "400" });
  expect((await adjust(api, member, "60", "debit")).status).toBe(201);
  complaints = [];
});

test("many small adjustments end in one that waits for a second principal", async () => {
  const { member, api } = await openShop();
  for (let i = 0; i < 2; i++) expect((await adjust(api, member, "50")).status).toBe(201);
  const waiting = await adjust(api, member, "1");
  expect([waiting.status, waiting.body.effect.kind]).toEqual([202, "adjustment_requested"]);
  expect(await bookOf(fixture, "shop", "malee")).toBe(100n);
});

test("in a programme of one, the ceiling is the end", async () => {
  const { api } = await openShop();
  const solo = await defineProgramme(api, "solo", { ...CEILINGS, singleHanded: true });
  const [member] = (await enrol(api, solo, "malee")) as [string];
  expect((await adjust(api, member, "70")).status).toBe(201);
  await refused(fixture, () => adjust(api, member, "31"), 409, "adjustment_ceiling_reached");
  expect((await adjust(api, member, "30")).status).toBe(201);
});

test("what the read model knows of the day counts, and of other instances as soon as it knows", async () => {
  let known: Activity | Error | undefined = { earned: 900n, adjusted: 0n };
  const asked: string[][] = [];
  const activityOn = async (...of: string[]) => {
    asked.push(of);
    if (known instanceof Error) throw known;
    return known ?? new Promise<never>(() => {});
  };
  const { member, api } = await openShop({ ports: { activityOn } });
  await refused(fixture, () => earn(api, member, "101"), 409, "earn_ceiling_reached");
  await done(api, `${member}/earn`, { ...PTS, points: "100" });
  expect(asked).toEqual([[expect.any(String), "PTS", expect.any(String), "2026-11-29"]]);
  // An instance that begins now knows what the read model knows by now; where that fails or keeps silent it counts by itself.
  known = { earned: 1_000n, adjusted: 0n };
  const late = await fixture.another();
  const its = late.api();
  expect((await earn(its, member, "1")).body.code).toBe("earn_ceiling_reached");
  for (const silence of [new Error("away"), undefined]) {
    known = silence;
    const alone = (await fixture.another()).api();
    expect((await earn(alone, member, "1000")).status).toBe(201);
    expect((await earn(alone, member, "1")).body.code).toBe("earn_ceiling_reached");
  }
});

test("what other instances did is known by the first command after a pause", async () => {
  let known: Activity = { earned: 0n, adjusted: 0n };
  const { time, member, api } = await openShop({ ports: { activityOn: async () => known } });
  await done(api, `${member}/earn`, { ...PTS, points: "1" });
  known = { earned: 1_000n, adjusted: 0n };
  time.now += 5_001;
  expect((await earn(api, member, "1")).body.code).toBe("earn_ceiling_reached");
});

test("a ceiling is a billion whole points unless told, stays as it is where left out, and is none where null", async () => {
  const { api, shop } = await openShop();
  const settingsOf = async (programme: string, currency: string) => {
    const { body } = await succeeds(api.get(`${programme}/currencies/${currency}`));
    const { versions } = body as unknown as { versions: { value: Record<string, string> }[] };
    return versions.map(({ value }) => [value["earnCeiling"], value["adjustmentCeiling"]]);
  };
  const expiry = { kind: "never" };
  const solo = await defineProgramme(api, "solo", { singleHanded: true });
  for (const [code, scale, ceiling] of [
    ["WHOLE", 0, "1000000000"],
    ["CENTS", 2, "100000000000"],
    ["FINEST", 6, "1000000000000000"],
  ] as const) {
    await succeeds(api.put(`${shop}/currencies/${code}`, { expiry, scale }));
    expect(await settingsOf(shop, code)).toEqual([[ceiling, ceiling]]);
  }
  const put = (settings: object) => succeeds(api.put(`${solo}/currencies/COIN`, { expiry, ...settings }));
  await put({ earnCeiling: "5" });
  await put({ returnGraceDays: 1 });
  await put({ earnCeiling: null });
  await put({ returnGraceDays: 2, adjustmentCeiling: "0" });
  expect(await settingsOf(solo, "COIN")).toEqual([
    ["5", "1000000000"],
    ["5", "1000000000"],
    [null, "1000000000"],
    [null, "0"],
  ]);
  // Who is to approve that a ceiling goes sees that it goes.
  const removal = await succeeds(api.put(`${shop}/currencies/PTS`, { expiry, earnCeiling: null }));
  const { change } = removal.body as unknown as { change: { settings: object } };
  expect(change.settings).toMatchObject({ earnCeiling: null, adjustmentCeiling: "100" });
  complaints = [];
});
