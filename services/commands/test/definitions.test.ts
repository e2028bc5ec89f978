import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { START, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
});

afterAll(() => fixture.close());

const YEAR = 365 * 86_400_000;
const PTS = { currency: "PTS" };
const RULE = { ...PTS, money: "THB", per: "2500", points: "1" };

/** Changes take effect at once: who makes them is not the point here. */
const ALONE = { singleHanded: true };

/** Repeats a definition and sees that it writes nothing. */
async function repeats(path: string, body: object): Promise<void> {
  const before = await fixture.testStore.store.head();
  await succeeds(api.put(path, body));
  expect(await fixture.testStore.store.head()).toBe(before);
}

async function programmeAt(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await api.get(path);
  expect(status).toBe(200);
  return body as unknown as Readonly<Record<string, unknown>>;
}

test("a programme is what was put, and putting it again changes nothing", async () => {
  const shop = await defineProgramme(api, "idempotent");
  const currency = { expiry: { kind: "never" } };
  const clock = { mode: "replay", at: START };
  await repeats(shop, { name: "idempotent", zone: "Asia/Bangkok", clock });
  await repeats(`${shop}/currencies/PTS`, currency);
  await repeats(`${shop}/rules/base`, RULE);
  await succeeds(api.put(`${shop}/sources/pos`, { keys: "programme" }));
  await repeats(`${shop}/sources/pos`, { keys: "programme" });
  await repeats(`${shop}/clock`, { mode: "replay", at: START });
  expect(await programmeAt(shop)).toEqual({
    programme: "idempotent",
    id: expect.any(String),
    name: "idempotent",
    zone: "Asia/Bangkok",
    clock: { mode: "replay", at: START },
    currencies: [{ currency: "PTS", scale: 0, version: 1, validFrom: "1970-01-01T00:00:00.000Z" }],
    rules: [{ rule: "base", version: 1, validFrom: "1970-01-01T00:00:00.000Z" }],
    sources: [{ system: "pos", keys: "programme", retired: false }],
    singleHanded: false,
    zones: {
      inForce: 1,
      versions: [
        {
          version: 1,
          validFrom: "1970-01-01T00:00:00.000Z",
          requestedBy: null,
          approvedBy: null,
          value: "Asia/Bangkok",
        },
      ],
    },
    began: { singleHanded: false, clock: { mode: "replay", at: START } },
    proposals: [],
    decided: [],
  });
});

test("defaults that are written out are the same definition", async () => {
  const shop = await defineProgramme(api, "written-out");
  await repeats(`${shop}/rules/base`, { ...RULE, rounding: "down", minimumSpend: "0", pendingSeconds: 0 });
  await repeats(`${shop}/currencies/PTS`, {
    scale: 0,
    expiry: { kind: "never" },
    clawback: "within_balance",
    returnGraceDays: 0,
    holdTimeoutSeconds: 604_800,
    maxHoldTimeoutSeconds: 604_800,
    transferExpiry: "kept",
    adjustmentLimit: "0",
    adjustmentTimeoutSeconds: 30 * 86_400,
  });
});

test("fifty definitions of one programme at once make one", async () => {
  const body = { name: "Crowd", zone: "Asia/Bangkok" };
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.put("/v1/programmes/crowd", body)));
  const ids = answers.map((answer) => (answer.body as unknown as { id: string }).id);
  expect(new Set(ids).size).toBe(1);
});

test("a code that has another programme is refused", async () => {
  const shop = await defineProgramme(api, "taken");
  const other = { name: "other", zone: "Asia/Bangkok" };
  await refused(fixture, () => api.put(shop, other), 409, "programme_exists");
});

test("a set-up that is run again is accepted wherever the clock has gone; another clock is refused", async () => {
  const shop = await defineProgramme(api, "scripted");
  const setUp = { name: "scripted", zone: "Asia/Bangkok", clock: { mode: "replay", at: START } };
  const moved = { mode: "replay", at: "2026-04-01T00:00:00.000Z" };
  const other = { mode: "replay", at: "2026-05-01T00:00:00.000Z" };
  const { clock: _, ...without } = setUp;
  const live = { mode: "live" };
  const differs = (clock: object) =>
    refused(fixture, () => api.put(shop, { ...setUp, zone: "Asia/Tokyo", clock }), 409, "clock_differs");

  await succeeds(api.put(`${shop}/clock`, moved));
  for (const body of [setUp, without, { ...setUp, clock: moved }]) await repeats(shop, body);
  for (const clock of [other, live]) await differs(clock);
  expect((await differs(other)).detail).toContain("PUT /clock");
  expect(await programmeAt(shop)).toMatchObject({ clock: moved, zone: "Asia/Bangkok" });

  await succeeds(api.put(`${shop}/clock`, live));
  for (const body of [setUp, without, { ...setUp, clock: live }]) await repeats(shop, body);
  for (const clock of [other, moved]) await differs(clock);
});

test("a programme that began live takes no replay clock", async () => {
  const plain = { name: "Always live", zone: "Asia/Bangkok" };
  await succeeds(api.put("/v1/programmes/always-live", plain));
  await repeats("/v1/programmes/always-live", { ...plain, clock: { mode: "live" } });
  const replay = { ...plain, clock: { mode: "replay", at: START } };
  await refused(fixture, () => api.put("/v1/programmes/always-live", replay), 409, "clock_differs");
});

test("the zone of a programme can change", async () => {
  const shop = await defineProgramme(api, "moved", ALONE);
  await succeeds(api.put(shop, { name: "moved", zone: "Asia/Tokyo" }));
  expect(await programmeAt(shop)).toMatchObject({ zone: "Asia/Tokyo" });
});

test("the scale of a currency is fixed for ever", async () => {
  const shop = await defineProgramme(api, "scaled");
  const body = { scale: 2, expiry: { kind: "never" } };
  await refused(fixture, () => api.put(`${shop}/currencies/PTS`, body), 400, "value_not_allowed");
  await succeeds(api.put(`${shop}/currencies/CENTS`, body));
  await refused(
    fixture,
    () => api.put(`${shop}/currencies/CENTS`, { ...body, scale: 0 }),
    400,
    "value_not_allowed",
  );
});

test("what is to hold from another instant is a new version, although it says the same", async () => {
  const shop = await defineProgramme(api, "from-when", ALONE);
  const rule = { ...RULE, validFrom: "2026-02-01T00:00:00.000Z" };
  await succeeds(api.put(`${shop}/rules/base`, rule));
  await repeats(`${shop}/rules/base`, rule);
  await repeats(`${shop}/rules/base`, RULE);
  const earlier = { ...rule, validFrom: "2026-01-01T00:00:00.000Z" };
  await succeeds(api.put(`${shop}/rules/base`, earlier));
  const settings = { expiry: { kind: "never" }, validFrom: "2026-03-01T00:00:00.000Z" };
  await succeeds(api.put(`${shop}/currencies/PTS`, settings));
  expect(await programmeAt(shop)).toMatchObject({
    rules: [{ version: 3, validFrom: earlier.validFrom }],
    currencies: [{ version: 2, validFrom: settings.validFrom }],
  });
});

test("a rule needs a currency of the programme", async () => {
  const shop = await defineProgramme(api, "currencyless");
  const rule = { ...RULE, currency: "NONE" };
  await refused(fixture, () => api.put(`${shop}/rules/other`, rule), 422, "currency_unknown");
});

test("an earn is priced by the version that was valid when it occurred, not the newest", async () => {
  const shop = await defineProgramme(api, "versions", ALONE);
  const [member] = (await enrol(api, shop, "member")) as [string];
  await succeeds(
    api.put(`${shop}/rules/base`, { ...RULE, points: "2", validFrom: "2026-03-05T00:00:00+07:00" }),
  );
  const earn = async (occurredAt: string) => {
    const spend = { amount: "2500", currency: "THB", rule: "base" };
    const { effect } = await done(api, `${member}/earn`, { ...PTS, spend, occurredAt }, occurredAt);
    return [effect.points, effect.rule?.version];
  };
  expect(await earn("2026-03-04T23:59:59.999+07:00")).toEqual(["1", 1]);
  expect(await earn("2026-03-05T00:00:00+07:00")).toEqual(["2", 2]);
});

test("a version without a date begins on the programme's clock, so that replayed history sees it", async () => {
  const shop = await defineProgramme(api, "replayed", ALONE);
  const [member] = (await enrol(api, shop, "member")) as [string];
  await succeeds(api.put(`${shop}/rules/base`, { ...RULE, points: "3" }));
  const spend = { amount: "2500", currency: "THB", rule: "base" };
  const before = { ...PTS, spend, occurredAt: "2026-03-10T02:59:59Z" };
  expect((await done(api, `${member}/earn`, before, "before")).effect.points).toBe("1");
  expect((await done(api, `${member}/earn`, { ...PTS, spend }, "now")).effect.points).toBe("3");
});

test("settings of a currency hold from their date on", async () => {
  const shop = await defineProgramme(api, "settings", ALONE);
  const [member] = (await enrol(api, shop, "member")) as [string];
  const yearly = { expiry: { kind: "term", term: { count: 1, unit: "years" } } };
  await succeeds(api.put(`${shop}/currencies/PTS`, { ...yearly, validFrom: "2026-03-09T17:00:00Z" }));
  const earn = async (occurredAt: string) => {
    const body = { ...PTS, points: "1", occurredAt };
    return (await done(api, `${member}/earn`, body, occurredAt)).effect.credited?.[0]?.expiresAt;
  };
  expect(await earn("2026-03-09T16:59:59Z")).toBeNull();
  // Valid through 10 March 2027 in Bangkok.
  expect(await earn("2026-03-09T17:00:00Z")).toBe("2027-03-10T17:00:00.000Z");
});

test("a replay clock never goes backwards", async () => {
  const shop = await defineProgramme(api, "backwards");
  const back = { mode: "replay", at: "2026-03-10T02:59:59.999Z" };
  await refused(fixture, () => api.put(`${shop}/clock`, back), 409, "clock_backwards");
  await succeeds(api.put(`${shop}/clock`, { mode: "replay", at: "2026-03-10T03:00:00.001Z" }));
  await refused(
    fixture,
    () => api.put(`${shop}/clock`, { mode: "replay", at: START }),
    409,
    "clock_backwards",
  );
});

test("a clock that is ahead of the server cannot go live", async () => {
  const shop = await defineProgramme(api, "ahead");
  await succeeds(api.put(`${shop}/clock`, { mode: "replay", at: new Date(Date.now() + YEAR).toISOString() }));
  await refused(fixture, () => api.put(`${shop}/clock`, { mode: "live" }), 409, "clock_backwards");
});

test("a clock goes live once, and stays so", async () => {
  const shop = await defineProgramme(api, "live");
  await succeeds(api.put(`${shop}/clock`, { mode: "live" }));
  expect(await programmeAt(shop)).toMatchObject({ clock: { mode: "live" } });
  await repeats(`${shop}/clock`, { mode: "live" });
  const replay = { mode: "replay", at: "8000-01-01T00:00:00Z" };
  await refused(fixture, () => api.put(`${shop}/clock`, replay), 409, "clock_live");
});

test("a programme is live unless told", async () => {
  await succeeds(api.put("/v1/programmes/plain", { name: "Plain", zone: "Asia/Bangkok" }));
  expect(await programmeAt("/v1/programmes/plain")).toMatchObject({ clock: { mode: "live" } });
});

test("definitions of an unknown programme are refused", async () => {
  const nowhere = "/v1/programmes/nowhere";
  await refused(fixture, () => api.get(nowhere), 404, "programme_unknown");
  await refused(fixture, () => api.put(`${nowhere}/rules/base`, RULE), 404, "programme_unknown");
  await refused(fixture, () => api.put(`${nowhere}/clock`, { mode: "live" }), 404, "programme_unknown");
  await refused(
    fixture,
    () => api.put(`${nowhere}/sources/pos`, { keys: "account" }),
    404,
    "programme_unknown",
  );
  const currency = { expiry: { kind: "never" } };
  await refused(fixture, () => api.put(`${nowhere}/currencies/PTS`, currency), 404, "programme_unknown");
});
