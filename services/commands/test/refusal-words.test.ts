import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { source } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused, setClock } from "./support/fixture.ts";

// A refusal says what a person needs to go on.

let fixture: Fixture;
let api: Api;
let shop: string;
let member: string;

const PTS = { currency: "PTS" };

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop", { clock: { mode: "replay", at: "2026-03-10T03:00:00Z" } });
  [member] = (await enrol(api, shop, "member")) as [string];
  await done(api, `${member}/earn`, { ...PTS, points: "100", source: source("first") });
});

afterAll(() => fixture.close());

describe("a hold that is over says how it ended, and when", () => {
  async function hold(key: string): Promise<string> {
    const { effect } = await done(api, `${member}/holds`, { ...PTS, points: "10", timeoutSeconds: 60 }, key);
    return `${shop}/holds/${effect.hold.id}`;
  }

  const words = async (held: string, what: "capture" | "void") => {
    const { detail } = await refused(
      fixture,
      () => api.post(`${held}/${what}`, {}, "late"),
      409,
      "hold_closed",
    );
    return detail;
  };

  test.each([
    ["capture", "was captured"],
    ["void", "was voided"],
  ])("by a %s", async (how, said) => {
    const held = await hold(`held for ${how}`);
    await done(api, `${held}/${how}`, { occurredAt: "2026-03-10T03:00:01Z" }, how);
    for (const what of ["capture", "void"] as const)
      expect(await words(held, what)).toBe(`the hold ${said} at 2026-03-10T03:00:01.000Z`);
    await using other = await fixture.another();
    const elsewhere = await other.api().post(`${held}/void`, {}, "elsewhere");
    expect(elsewhere.body.detail).toBe(`the hold ${said} at 2026-03-10T03:00:01.000Z`);
  });

  test("by its timeout, whether or not that has been written down", async () => {
    const held = await hold("held for its timeout");
    await setClock(api, shop, "2026-03-10T03:05:00Z");
    expect(await words(held, "capture")).toBe("the hold timed out at 2026-03-10T03:01:00.000Z");
    await done(api, `${member}/burn`, { ...PTS, points: "1" }, "sweeps");
    expect(await words(held, "capture")).toBe("the hold timed out at 2026-03-10T03:01:00.000Z");
  });
});

test("a return that comes before its sale may be sent again after it", async () => {
  const back = { ...PTS, points: "5", origin: source("early"), source: source("return") };
  const path = `${member}/reversals`;
  const problem = await refused(fixture, () => api.post(path, back), 422, "origin_unknown");
  expect(problem).toMatchObject({
    retryable: true,
    detail: expect.stringContaining("or send it again after the sale"),
  });
  expect((await api.post(path, back)).headers["retry-after"]).toBeUndefined();
  await done(api, `${member}/earn`, { ...PTS, points: "5", source: source("early") });
  await done(api, path, back);
});
