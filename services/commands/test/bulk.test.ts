import { Readable } from "node:stream";
import type { Api, BulkAnswer } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme, done, enrol } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop", { clawback: "unlimited", adjustmentLimit: "0" });
});

afterAll(() => fixture.close());

let ids = 0;

function line(op: string, member: string, more: object): object {
  return { op, member, currency: "PTS", source: { system: "pos", id: `line-${++ids}` }, ...more };
}

function codes(answers: readonly BulkAnswer[]): (string | number | undefined)[] {
  return answers.map(({ status, problem }) => problem?.code ?? status);
}

test("each line is answered alone, in input order, under its number", async () => {
  await enrol(api, shop, "alone");
  const lines = [
    line("earn", "ext:alone", { points: "10" }),
    "",
    line("burn", "ext:alone", { points: "11" }),
    line("burn", "ext:alone", { points: "10" }),
  ];
  const answers = await api.bulk("shop", lines);
  expect(answers.map(({ line: number }) => number)).toEqual([1, 3, 4]);
  expect(codes(answers)).toEqual([201, "insufficient_points", 201]);
  expect(answers[0]?.result.effect).toMatchObject({ kind: "earned", points: "10" });
  expect(answers[1]?.problem).toMatchObject({ status: 409, detail: "11 asked, 10 available" });
});

test("every operation can be a line", async () => {
  const first = await api.bulk("shop", [
    { op: "enrol", externalId: "all-1" },
    { op: "enrol", externalId: "all-2" },
    line("earn", "ext:all-1", { points: "100", source: { system: "pos", id: "all" } }),
    line("burn", "ext:all-1", { points: "10" }),
    line("hold", "ext:all-1", { points: "10" }),
    line("hold", "ext:all-1", { points: "10" }),
    line("transfer", "ext:all-1", { points: "10", to: "ext:all-2" }),
    line("reverse", "ext:all-1", { points: "10", origin: { system: "pos", id: "all" } }),
    ...Array.from({ length: 3 }, () =>
      line("adjust", "ext:all-1", { direction: "credit", points: "5", reason: "goodwill" }),
    ),
  ]);
  expect(codes(first)).toEqual([201, 201, 201, 201, 201, 201, 201, 201, 202, 202, 202]);
  const source = (id: string) => ({ source: { system: "pos", id } });
  const second = fixture.service.api({ name: "second" });
  const then = await second.bulk("shop", [
    { op: "capture", hold: first[4]?.result.effect.hold.id, ...source("capture") },
    { op: "void", hold: first[5]?.result.effect.hold.id, ...source("void") },
    { op: "approve", adjustment: first[8]?.result.effect.adjustment.id, ...source("approve") },
    { op: "reject", adjustment: first[9]?.result.effect.adjustment.id, ...source("reject") },
  ]);
  expect(codes(then)).toEqual([201, 201, 201, 201]);
  const adjustment = first[10]?.result.effect.adjustment.id;
  expect(codes(await api.bulk("shop", [{ op: "withdraw", adjustment, ...source("withdraw") }]))).toEqual([
    201,
  ]);
  const all = await done(
    api,
    `${shop}/members/ext:all-1/burn`,
    { currency: "PTS", points: "65" },
    "all of it",
  );
  expect(all.balance).toMatchObject({ book: "0", available: "0" });
});

test("lines of one account apply in order, whatever they call the member", async () => {
  const { member } = (await api.post(`${shop}/members`, { externalId: "order" })).body;
  const lines = Array.from({ length: 200 }, (_, i) => [
    line("earn", i % 2 === 0 ? "ext:order" : member, { points: "1" }),
    line("burn", i % 2 === 0 ? member : "ext:order", { points: "1" }),
  ]);
  // An instance that does not know the member yet: one name needs more look-ups than the other.
  const cold = await fixture.another();
  const answers = await cold.api().bulk("shop", lines.flat());
  expect(new Set(codes(answers))).toEqual(new Set([201]));
  expect(cold.complaints).toEqual([]);
});

test("a member enrolled by one line is known to the next", async () => {
  const lines = Array.from({ length: 50 }, (_, i) => [
    { op: "enrol", externalId: `new-${i}` },
    line("earn", `ext:new-${i}`, { points: "5" }),
    line("burn", `ext:new-${i}`, { points: "5" }),
  ]);
  expect(new Set(codes(await api.bulk("shop", lines.flat())))).toEqual(new Set([201]));
});

test("what a line transfers the next line can burn on the target", async () => {
  await enrol(api, shop, "from", "to");
  const lines = [line("earn", "ext:from", { points: "100" })];
  for (let i = 0; i < 50; i++) {
    lines.push(line("transfer", "ext:from", { points: "2", to: "ext:to" }));
    lines.push(line("burn", "ext:to", { points: "2" }));
  }
  expect(new Set(codes(await api.bulk("shop", lines)))).toEqual(new Set([201]));
});

test("a line that fails before its turn is answered in its turn, and harms nobody", async () => {
  await enrol(api, shop, "slow");
  // Two look-ups for the first line, one for the second, which is then known to fail while the first still enters.
  const cold = await fixture.another();
  const caller = cold.api();
  await caller.get(shop);
  const answers = await caller.bulk("shop", [
    line("earn", "ext:slow", { points: "1" }),
    line("earn", "ext:nobody", { points: "1" }),
    line("earn", "ext:slow", { points: "1" }),
  ]);
  expect(codes(answers)).toEqual([201, "member_unknown", 201]);
  expect(cold.complaints).toEqual([]);
});

test("each malformed line has its own code, and writes nothing", async () => {
  await enrol(api, shop, "malformed");
  const { member } = (await api.get(`${shop}/members/ext:malformed`)).body;
  const good = (more: object) => ({ ...line("earn", member, { points: "1" }), ...more });
  const bad: readonly [line: unknown, code: string][] = [
    ["{", "truncated_json"],
    ['{"op":"earn"', "truncated_json"],
    ["}", "malformed_json"],
    ["nonsense", "malformed_json"],
    ['{"op":"enrol","externalId":"a","externalId":"b"}', "repeated_field"],
    ["null", "wrong_type"],
    ["[]", "wrong_type"],
    ["{}", "missing_field"],
    [{ op: "steal" }, "value_not_allowed"],
    [{ op: "__proto__" }, "value_not_allowed"],
    [{ ...good({}), source: undefined }, "key_required"],
    [good({ points: "0" }), "amount_not_positive"],
    [good({ points: 1 }), "wrong_type"],
    [good({ bonus: true }), "unknown_field"],
    [good({ points: undefined }), "conflicting_fields"],
    [
      {
        ...good({}),
        op: "reverse",
        points: undefined,
        origin: { system: "pos", id: "sale" },
        spend: { amount: "1", rule: "base" },
      },
      "conflicting_fields",
    ],
    [good({ member: "nobody" }), "malformed_id"],
    [good({ reason: "x".repeat(20_000) }), "line_too_long"],
    [{ op: "enrol" }, "missing_field"],
    [{ op: "capture", hold: "1", source: { system: "pos", id: "x" } }, "malformed_id"],
  ];
  const before = await fixture.testStore.store.head();
  const answers = await api.bulk(
    "shop",
    bad.map(([text]) => text),
  );
  expect(codes(answers)).toEqual(bad.map(([, code]) => code));
  expect(await fixture.testStore.store.head()).toBe(before);
  const [, after] = await api.bulk("shop", ["{", good({})]);
  expect(after?.status).toBe(201);
});

test("a last line without its line break counts", async () => {
  await enrol(api, shop, "last");
  const answer = await api.raw(
    "POST",
    `${shop}/commands`,
    JSON.stringify(line("earn", "ext:last", { points: "1" })),
    { "content-type": "application/x-ndjson" },
  );
  expect((answer.body as unknown as BulkAnswer).status).toBe(201);
});

test("every line of an unknown programme is answered so", async () => {
  const lines = [line("earn", "ext:a", { points: "1" }), { op: "enrol", externalId: "a" }];
  expect(codes(await api.bulk("nothing", lines))).toEqual(["programme_unknown", "programme_unknown"]);
});

test("a request repeated answers the first results and writes nothing", async () => {
  await enrol(api, shop, "again", "again-2");
  const lines = [
    line("earn", "ext:again", { points: "100" }),
    line("burn", "ext:again", { points: "10" }),
    line("transfer", "ext:again", { points: "20", to: "ext:again-2" }),
    line("burn", "ext:again-2", { points: "20" }),
  ];
  const first = await api.bulk("shop", lines);
  const before = await fixture.testStore.store.head();
  const again = await api.bulk("shop", lines);
  expect(codes(again)).toEqual([200, 200, 200, 200]);
  expect(again.map(({ result }) => result.effect)).toEqual(first.map(({ result }) => result.effect));
  expect(await fixture.testStore.store.head()).toBe(before);
});

test("the same key twice in one request is one effect", async () => {
  await enrol(api, shop, "twice");
  const earn = line("earn", "ext:twice", { points: "5" });
  const answers = await api.bulk("shop", [earn, earn, { ...earn, points: "6" }]);
  expect(codes(answers)).toEqual([201, 200, "key_reused"]);
  expect(answers[1]?.result.effect).toEqual(answers[0]?.result.effect);
});

test("answers come while the request is still being sent", async () => {
  await enrol(api, shop, "stream");
  const lines = new Readable({ read() {} });
  const answers = api.bulkStream("shop", lines);
  const send = (text: object) => lines.push(`${JSON.stringify(text)}\n`);
  send(line("earn", "ext:stream", { points: "3" }));
  expect((await answers.next()).value).toMatchObject({ line: 1, status: 201 });
  send(line("burn", "ext:stream", { points: "3" }));
  expect((await answers.next()).value).toMatchObject({ line: 2, status: 201 });
  lines.push(null);
  expect((await answers.next()).done).toBe(true);
});

test("20,000 lines in one request are all done, once and in order", async () => {
  const MEMBERS = 500;
  const LINES = 20_000;
  const big = await defineProgramme(api, "big");
  const names = Array.from({ length: MEMBERS }, (_, i) => `big-${i}`);
  await enrol(api, big, ...names);
  // Each burn spends exactly what the member's lines before it have left.
  const lines = Array.from({ length: LINES }, (_, i) => {
    const turn = Math.floor(i / MEMBERS);
    const member = `ext:${names[i % MEMBERS]}`;
    return turn % 4 === 3 ? line("burn", member, { points: "3" }) : line("earn", member, { points: "1" });
  });
  const answers = await api.bulk("big", lines);
  expect(answers).toHaveLength(LINES);
  expect(answers.every(({ line: number, status }, i) => number === i + 1 && status === 201)).toBe(true);
  const { id } = (await api.get(big)).body as unknown as { id: string };
  const events = (await wholeLog(fixture.testStore.store)).filter(
    ({ type, data }) => /^Points(Earned|Burned)$/.test(type) && data.includes(id),
  );
  expect(events).toHaveLength(LINES);
});
