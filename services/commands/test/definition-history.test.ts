import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

/** A definition shows what is in force, and what there has been. */

const SHOP = "/v1/programmes/history-shop";
const FIRST = "2026-03-10T00:00:00.000Z";
const SECOND = "2026-03-12T00:00:00.000Z";
let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.service.api({ name: "ann" });
  const clock = { mode: "replay", at: FIRST };
  await succeeds(api.put(SHOP, { name: "Shop", zone: "Asia/Bangkok", clock, singleHanded: true }));
  await succeeds(api.put(`${SHOP}/currencies/PTS`, { expiry: { kind: "never" } }));
  const limited = { expiry: { kind: "never" }, maxBalance: "900", validFrom: SECOND };
  await succeeds(api.put(`${SHOP}/currencies/PTS`, limited));
  const rule = { currency: "PTS", money: "THB", per: "2500" };
  await succeeds(api.put(`${SHOP}/rules/base`, { ...rule, points: "1" }));
  await succeeds(api.put(`${SHOP}/rules/base`, { ...rule, points: "3", validFrom: SECOND }));
});
afterAll(() => fixture.close());

interface History {
  readonly inForce: number;
  readonly versions: readonly {
    readonly version: number;
    readonly validFrom: string;
    readonly value: object;
  }[];
}

async function historyOf(path: string): Promise<History> {
  const { status, body } = await api.get(`${SHOP}/${path}`);
  expect(status).toBe(200);
  return body as unknown as History;
}

test("a currency and a rule show the version in force and their history, by the programme's clock", async () => {
  const currency = await historyOf("currencies/PTS");
  expect(currency).toMatchObject({ currency: "PTS", scale: 0, inForce: 1 });
  expect(currency.versions).toMatchObject([
    { version: 1, value: { expiry: { kind: "never" }, adjustmentLimit: "0" } },
    { version: 2, validFrom: SECOND, value: { maxBalance: "900" } },
  ]);
  expect(currency.versions[0]?.value).not.toHaveProperty("maxBalance");
  const rule = await historyOf("rules/base");
  expect(rule).toMatchObject({ rule: "base", inForce: 1 });
  expect(rule.versions).toMatchObject([
    { version: 1, value: { per: "2500", points: "1" } },
    { version: 2, validFrom: SECOND, value: { points: "3" } },
  ]);
  await succeeds(api.put(`${SHOP}/clock`, { mode: "replay", at: SECOND }));
  expect(await historyOf("currencies/PTS")).toMatchObject({ inForce: 2 });
  expect(await historyOf("rules/base")).toMatchObject({ inForce: 2 });
});

test("what the programme has not is said so", async () => {
  expect((await api.get(`${SHOP}/currencies/GOLD`)).body).toMatchObject({ code: "currency_unknown" });
  expect((await api.get(`${SHOP}/rules/other`)).body).toMatchObject({ code: "rule_unknown" });
  expect((await api.get("/v1/programmes/nowhere/rules/base")).body).toMatchObject({
    code: "programme_unknown",
  });
});
