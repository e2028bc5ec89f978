import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

/** A programme shows its time zone in force and those before it, and how it began. */

const SHOP = "/v1/programmes/moving-shop";
const FIRST = "2026-03-10T00:00:00.000Z";
const SECOND = "2026-03-12T00:00:00.000Z";
let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.service.api({ name: "ann" });
});
afterAll(() => fixture.close());

const shown = async () => (await succeeds(api.get(SHOP))).body;

test("zones are versions with the one in force, and what it was defined as stays to be seen", async () => {
  const defined = { name: "Shop", zone: "Asia/Bangkok" };
  const began = { singleHanded: true, clock: { mode: "replay", at: FIRST } };
  const made = await succeeds(api.put(SHOP, { ...defined, ...began }));
  const bangkok = { version: 1, validFrom: expect.any(String), value: "Asia/Bangkok" };
  const first = { zone: "Asia/Bangkok", zones: { inForce: 1, versions: [bangkok] }, ...began, began };
  expect(made.body).toMatchObject(first);
  expect(await shown()).toEqual(made.body);

  await succeeds(api.put(`${SHOP}/clock`, { mode: "replay", at: SECOND }));
  const moved = await succeeds(api.put(SHOP, { ...defined, zone: "Asia/Tokyo" }));
  const tokyo = { version: 2, validFrom: SECOND, value: "Asia/Tokyo" };
  const second = { zone: "Asia/Tokyo", zones: { inForce: 2, versions: [bangkok, tokyo] }, began };
  expect(moved.body).toMatchObject(second);

  await succeeds(api.put(SHOP, { ...defined, zone: "Asia/Tokyo", singleHanded: false }));
  await succeeds(api.put(`${SHOP}/clock`, { mode: "live" }));
  expect(await shown()).toMatchObject({
    ...second,
    name: "Shop",
    singleHanded: false,
    clock: { mode: "live" },
  });
});

test("a zone that waits for a second principal is not among them until it is approved", async () => {
  const path = "/v1/programmes/two-of-us";
  await succeeds(api.put(path, { name: "Two", zone: "Asia/Bangkok" }));
  expect((await api.put(path, { name: "Two", zone: "Asia/Tokyo" })).status).toBe(202);
  const waiting = await succeeds(api.get(path));
  expect(waiting.body).toMatchObject({
    zones: { inForce: 1, versions: [{ value: "Asia/Bangkok" }] },
    began: { singleHanded: false, clock: { mode: "live" } },
  });
  const second = fixture.service.api({ name: "bo" });
  await succeeds(second.post(`${path}/proposals/1/approve`, {}));
  const versions = [{ value: "Asia/Bangkok" }, { value: "Asia/Tokyo" }];
  expect((await succeeds(api.get(path))).body).toMatchObject({ zones: { inForce: 2, versions } });
});
