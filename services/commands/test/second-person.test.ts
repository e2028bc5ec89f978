import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { START } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol, refused, setClock, waits } from "./support/fixture.ts";

/** What needs two people needs two, whatever one of them does. */

let fixture: Fixture;
let ann: Api;
let bob: Api;

beforeAll(async () => {
  fixture = await openFixture();
  ann = fixture.service.api({ name: "ann" });
  bob = fixture.service.api({ name: "bob" });
});
afterAll(() => fixture.close());

const credit = { currency: "PTS", direction: "credit", points: "101", reason: "goodwill" };

/** A programme with a member, and the path of an adjustment that ann has asked for. */
async function asked(code: string, settings: object = {}) {
  const shop = await defineProgramme(ann, code, { adjustmentLimit: "100", ...settings });
  const [member] = (await enrol(ann, shop, "member")) as [string];
  const path = await waits(ann, shop, `${member}/adjustments`, credit, "ask");
  return { shop, member, path };
}

const book = (code: string) => bookOf(fixture, code, "member");

describe("an adjustment that waits", () => {
  test("is answered 202 with its end, as often as it is asked for", async () => {
    const { member } = await asked("repeated");
    for (const replayed of [true, true]) {
      const { status, body } = await ann.post(`${member}/adjustments`, credit, "ask");
      expect([status, body.replayed]).toEqual([202, replayed]);
      const { adjustment } = body.effect as { adjustment: { expiresAt?: string } };
      expect(adjustment.expiresAt).toBe("2026-04-09T03:00:00.000Z");
    }
    const line = { op: "adjust", member: "ext:member", ...credit, source: { system: "pos", id: "line" } };
    const [first, again] = await ann.bulk("repeated", [line, line]);
    expect([first?.status, again?.status]).toEqual([202, 202]);
    expect(await book("repeated")).toBe(0n);
  });

  test("is turned down by a second principal, and by nobody who asked for it", async () => {
    const { path } = await asked("rejected");
    await refused(fixture, () => ann.post(`${path}/reject`, {}, "r1"), 409, "approver_must_differ");
    const { effect } = await done(bob, `${path}/reject`, {}, "r2");
    expect(effect).toMatchObject({ kind: "adjustment_rejected", points: "101" });
    const again = await bob.post(`${path}/reject`, {}, "r2");
    expect([again.status, again.body.effect]).toEqual([200, effect]);
    const late = await refused(fixture, () => bob.post(`${path}/approve`, {}, "a"), 409, "adjustment_closed");
    expect(late.detail).toBe(`it was rejected at ${START}`);
    expect(await book("rejected")).toBe(0n);
  });

  test("is taken back by who asked for it, and by nobody else", async () => {
    const { path } = await asked("withdrawn");
    await refused(fixture, () => bob.post(`${path}/withdraw`, {}, "w1"), 409, "requester_must_withdraw");
    const { effect } = await done(ann, `${path}/withdraw`, {}, "w2");
    expect(effect).toMatchObject({ kind: "adjustment_withdrawn", points: "101" });
    await refused(fixture, () => bob.post(`${path}/approve`, {}, "a"), 409, "adjustment_closed");
    expect(await book("withdrawn")).toBe(0n);
  });

  test("lapses at its end on the programme's clock", async () => {
    const { shop, path } = await asked("lapsed", { adjustmentTimeoutSeconds: 3600 });
    await setClock(ann, shop, "2026-03-10T03:59:59.999Z");
    const early = await bob.post(`${path}/reject`, { occurredAt: "2026-03-10T09:00:00Z" }, "early");
    expect(early.body.code).toBe("occurred_at_in_future");
    await setClock(ann, shop, "2026-03-10T04:00:00Z");
    const late = await refused(fixture, () => bob.post(`${path}/approve`, {}, "a"), 409, "adjustment_closed");
    expect(late.detail).toBe("it lapsed at 2026-03-10T04:00:00.000Z");
    expect(await book("lapsed")).toBe(0n);
  });
});

describe("a limit", () => {
  test("is not raised by one to credit 9 x 10^14 and put back", async () => {
    const { shop, member } = await asked("attacked");
    const raised = {
      ...{ expiry: { kind: "never" }, adjustmentLimit: "1000000000000000" },
      adjustmentCeiling: null,
    };
    const { status, body } = await ann.put(`${shop}/currencies/PTS`, raised);
    expect(status).toBe(202);
    const { proposal } = body as unknown as { proposal: string };
    const approval = `${shop}/proposals/${proposal}/approve`;
    await refused(fixture, () => ann.post(approval, {}), 409, "approver_must_differ");
    const loot = { ...credit, points: "900000000000000" };
    const path = await waits(ann, shop, `${member}/adjustments`, loot, "loot");
    await refused(fixture, () => ann.post(`${path}/approve`, {}, "own"), 409, "approver_must_differ");
    expect(await book("attacked")).toBe(0n);
    expect((await bob.post(approval, {})).status).toBe(200);
    // What waits goes on waiting; what is asked for from now on is measured by the limit of now.
    await refused(fixture, () => ann.post(`${path}/approve`, {}, "own"), 409, "approver_must_differ");
    await done(ann, `${member}/adjustments`, { ...credit, points: "900000000000000" }, "by two");
  });
});
