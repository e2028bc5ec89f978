import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Done,
  doEveryOperation,
  type Sent,
  send,
  statusAgain,
  type Way,
} from "./support/every-operation.ts";

// The same key with the same meaning gives the first answer; with another meaning it is refused, and the refusal says
// what differs.

let fixture: Fixture;
let apis: Readonly<Record<Sent["by"], Api>>;
let done: readonly Done[];

beforeAll(async () => {
  fixture = await openFixture();
  apis = { clerk: fixture.api, manager: fixture.service.api({ name: "manager" }) };
  done = await doEveryOperation(apis);
});

afterAll(() => fixture.close());

const DEFAULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  earn: { reason: "purchase" },
  burn: { redemption: "reward" },
  hold: { redemption: "reward" },
  reverse: { reason: "return" },
};

describe.each(["alone", "bulk"] satisfies Way[])("every operation sent again %s", (way) => {
  test("is answered as it was first", async () => {
    for (const { sent, answer } of done) {
      const again = await send(apis, sent, way);
      expect([again.status, again.body.effect]).toEqual([statusAgain(answer), answer.body.effect]);
    }
  });

  test("is the same with its default written out", async () => {
    for (const { sent, answer } of done) {
      const again = await send(apis, sent, way, DEFAULTS[sent.op]);
      expect([again.status, again.body.effect]).toEqual([statusAgain(answer), answer.body.effect]);
    }
  });

  test("is another with another time, and is told so with both times", async () => {
    for (const { sent } of done) {
      const first =
        sent.body["occurredAt"] === undefined ? "2026-03-10T03:00:00.000Z" : "2026-03-10T01:00:00.000Z";
      const { status, body } = await send(apis, sent, way, { occurredAt: "2026-03-10T02:59:00Z" });
      expect([status, body.code]).toEqual([422, "key_reused"]);
      expect(body.detail).toContain(`occurredAt was ${first} at first, and is 2026-03-10T02:59:00.000Z now`);
    }
  });
});

test("what wrote its default out first may leave it out", async () => {
  for (const [op, explicit] of Object.entries(DEFAULTS).filter(([name]) => name !== "reverse")) {
    const { sent } = done.find((one) => one.sent.op === op) as Done;
    const written = { ...sent, source: { ...sent.source, id: `written-${op}` } };
    expect(await send(apis, written, "alone", { ...explicit, points: "1" })).toMatchObject({ status: 201 });
    expect(await send(apis, written, "alone", { points: "1" })).toMatchObject({ status: 200 });
  }
});

/** What is changed of which command, and the words that name it. */
const CHANGES: readonly (readonly [
  op: string,
  change: Readonly<Record<string, unknown>>,
  words: string | RegExp,
])[] = [
  [
    "earn",
    { points: "1001" },
    "points was 1000 at first, and is 1001 now; the first command under this key is of 2026-03-10T01:00:00.000Z",
  ],
  ["earn", { reason: "gift" }, "reason was purchase at first, and is gift now"],
  ["earn", { expiresAt: null }, "expiresAt was 2027-01-01T00:00:00.000Z at first, and is never now"],
  [
    "earn",
    { points: undefined, spend: { amount: "1", currency: "THB", rule: "base" } },
    "points was 1000 at first, and is left out now",
  ],
  [
    "earn",
    { occurredAt: undefined },
    "nothing that the ledger recorded differs: the first one may have brought an occurredAt",
  ],
  ["burn", { points: "11" }, "points was 10 at first, and is 11 now"],
  ["burn", { redemption: "cash" }, "redemption was reward at first, and is cash now"],
  ["hold", { points: "11" }, "points was 10 at first, and is 11 now"],
  ["hold", { timeoutSeconds: 61 }, "nothing that the ledger recorded differs"],
  ["capture", { points: "6" }, "points was 5 at first, and is 6 now"],
  ["capture", { points: undefined }, "nothing that the ledger recorded differs"],
  ["transfer", { points: "11" }, "points was 10 at first, and is 11 now"],
  ["reverse", { points: "11" }, "points was 10 at first, and is 11 now"],
  ["reverse", { origin: undefined }, "origin was one at first, and is left out now"],
  ["reverse", { reason: "mistake" }, "reason was return at first, and is mistake now"],
  ["adjust", { direction: "debit" }, "direction was credit at first, and is debit now"],
  ["adjust", { points: "8" }, "points was 7 at first, and is 8 now"],
  ["adjust", { reason: "mistake" }, "reason was goodwill at first, and is mistake now"],
];

test.each(CHANGES)("a changed %s %j names what differs", async (op, change, words) => {
  const { sent } = done.find((one) => one.sent.op === op) as Done;
  for (const way of ["alone", "bulk"] satisfies Way[]) {
    const { status, body } = await send(apis, sent, way, change);
    expect([status, body.code, body.detail]).toEqual([
      422,
      "key_reused",
      expect.stringContaining(String(words)),
    ]);
  }
});

test("whom a transfer went to is not told, only that it was another", async () => {
  const { sent } = done.find((one) => one.sent.op === "transfer") as Done;
  await apis.clerk.post("/v1/programmes/every/members", { externalId: "third" });
  const { body } = await send(apis, sent, "alone", { to: "ext:third" });
  expect(body).toMatchObject({
    code: "key_reused",
    detail: expect.stringContaining("to is not what it was"),
  });
});

test("another operation under the key is named", async () => {
  const [earn, burn] = ["earn", "burn"].map((op) => done.find((one) => one.sent.op === op)?.sent as Sent);
  const mixed = { ...(burn as Sent), source: (earn as Sent).source };
  const { body } = await send(apis, mixed);
  expect(body).toMatchObject({
    code: "key_reused",
    detail: expect.stringContaining("it was earn at first, and is burn now"),
  });
});
