import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { START } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop");
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };

test("a member is enrolled on the programme's clock, and is the same by our id and by the caller's", async () => {
  const enrolled = await api.post(`${shop}/members`, { externalId: "C-1" });
  expect(enrolled).toMatchObject({ status: 201, body: { enrolledAt: START } });
  const { member } = enrolled.body;
  expect((await api.get(`${shop}/members/ext:C-1`)).body).toEqual({ member, enrolledAt: START });
  expect((await api.get(`${shop}/members/${member}`)).body).toEqual({ member, enrolledAt: START });
  expect((await api.get(`${shop}/members/${member.toUpperCase()}`)).body.member).toBe(member);
});

test("enrolling an external id again finds the member who has it", async () => {
  const first = await api.post(`${shop}/members`, { externalId: "again" });
  const head = await fixture.testStore.store.head();
  const second = await api.post(`${shop}/members`, { externalId: "again" });
  expect([second.status, second.body]).toEqual([200, first.body]);
  expect(await fixture.testStore.store.head()).toBe(head);
});

test("without an external id the Idempotency-Key tells enrolments apart", async () => {
  const first = await api.post(`${shop}/members`, {}, "k1");
  const again = await api.post(`${shop}/members`, {}, "k1");
  const other = await api.post(`${shop}/members`, {}, "k2");
  expect([first.status, again.status, other.status]).toEqual([201, 200, 201]);
  expect(again.body).toEqual(first.body);
  expect(other.body.member).not.toBe(first.body.member);
  await refused(fixture, () => api.post(`${shop}/members`, {}), 400, "key_required");
});

test("the same Idempotency-Key of another API key is another enrolment", async () => {
  const other = fixture.service.api({ name: "other" });
  const mine = await api.post(`${shop}/members`, {}, "shared");
  const theirs = await other.post(`${shop}/members`, {}, "shared");
  expect(theirs.body.member).not.toBe(mine.body.member);
});

test("fifty enrolments of one external id at once make one member", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => api.post(`${shop}/members`, { externalId: "crowd" })),
  );
  expect(new Set(answers.map(({ body }) => body.member)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
});

test("external ids of any script and of URL characters work, percent-encoded", async () => {
  for (const externalId of ["สมชาย ใจดี", "a/b?c=d&e#f%", "ext:nested", "😀".repeat(32), "x".repeat(128)]) {
    const { status, body } = await api.post(`${shop}/members`, { externalId });
    expect(status, externalId).toBe(201);
    const path = `${shop}/members/${encodeURIComponent(`ext:${externalId}`)}`;
    const earned = await done(api, `${path}/earn`, { ...PTS, points: "1" }, "e1");
    expect(earned.member).toBe(body.member);
  }
});

test("external ids that differ only in case or width are different members", async () => {
  const ids = ["case", "CASE", "\uff43\uff41\uff53\uff45"];
  const answers = await Promise.all(ids.map((externalId) => api.post(`${shop}/members`, { externalId })));
  expect(new Set(answers.map(({ body }) => body.member)).size).toBe(ids.length);
});

test("the same external id in another programme is another member", async () => {
  const second = await defineProgramme(api, "second");
  const here = await api.post(`${shop}/members`, { externalId: "shared" });
  const there = await api.post(`${second}/members`, { externalId: "shared" });
  expect(there.body.member).not.toBe(here.body.member);
  const path = `${second}/members/${here.body.member}`;
  await refused(fixture, () => api.get(path), 404, "member_unknown");
  await refused(
    fixture,
    () => api.post(`${path}/earn`, { ...PTS, points: "1" }, "e1"),
    404,
    "member_unknown",
  );
  const [giver] = (await enrol(api, second, "giver")) as [string];
  await done(api, `${giver}/earn`, { ...PTS, points: "1" }, "e1");
  const transfer = { ...PTS, points: "1", to: here.body.member };
  await refused(fixture, () => api.post(`${giver}/transfers`, transfer, "t1"), 404, "member_unknown");
});

test("no external id and no key of programme scope reaches the log in clear", async () => {
  await api.put(`${shop}/sources/till`, { keys: "programme" });
  const [member] = (await enrol(api, shop, "somchai@example.com")) as [string];
  await done(api, `${member}/earn`, { ...PTS, points: "1", source: { system: "till", id: "T-1" } });
  const log = await wholeLog(fixture.testStore.store);
  expect(log.some((event) => event.type === "KeyReserved")).toBe(true);
  for (const event of log) {
    expect(JSON.stringify(event)).not.toContain("somchai");
    expect(event.stream).toMatch(/^taem\.(account|installation|member|programme|unique)-[0-9a-f-]+$/);
  }
});
