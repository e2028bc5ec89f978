import { definitionEvents, programmeStream } from "@taem/programme/events";
import type { Answer, Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { START, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, refused, setClock } from "./support/fixture.ts";

/** A definition is made by one and changed by two. */

let fixture: Fixture;
let ann: Api;
let bob: Api;

beforeAll(async () => {
  fixture = await openFixture();
  ann = fixture.service.api({ name: "ann" });
  bob = fixture.service.api({ name: "bob" });
});
afterAll(() => fixture.close());

const NEVER = { expiry: { kind: "never" } };
const RULE = { currency: "PTS", money: "THB", per: "2500" };
const LATER = "2026-03-11T03:00:00.000Z";

interface Proposal {
  readonly proposal: string;
  readonly change: Readonly<Record<string, unknown>>;
  readonly obsolete: boolean;
  readonly differences: readonly {
    readonly field: string;
    readonly before: unknown;
    readonly after: unknown;
  }[];
}

interface Programme {
  readonly id: string;
  readonly zone: string;
  readonly singleHanded: boolean;
  readonly proposals: readonly Proposal[];
  readonly decided: readonly unknown[];
  readonly currencies: readonly { readonly version: number; readonly validFrom: string }[];
  readonly rules: readonly { readonly version: number; readonly validFrom: string }[];
}

/** An answer that is this. */
const of = <T>({ body }: Answer): T => body as unknown as T;

const programmeAt = async (shop: string) => of<Programme>(await ann.get(shop));

async function proposes(api: Api, path: string, body: object): Promise<Proposal> {
  const answer = await api.put(path, body);
  expect(answer.status).toBe(202);
  return of<Proposal>(answer);
}

async function lastEvent(shop: string) {
  const { id } = await programmeAt(shop);
  const [stream] = await fixture.testStore.store.read([{ stream: programmeStream(id), afterRevision: 0 }]);
  const event = stream?.events.at(-1);
  return event && definitionEvents.decode(event);
}

/** Every kind of change: where it is put, what, and what the programme says once it stands. */
const CHANGES: readonly [kind: string, path: string, body: object, stands: (now: Programme) => unknown][] = [
  ["zone", "", { name: "NAME", zone: "Asia/Tokyo" }, ({ zone }) => zone === "Asia/Tokyo"],
  [
    "currency_settings",
    "/currencies/PTS",
    { ...NEVER, maxBalance: "900" },
    ({ currencies }) => currencies[0]?.version === 2,
  ],
  ["earn_rule", "/rules/base", { ...RULE, points: "3" }, ({ rules }) => rules[0]?.version === 2],
];

describe.each(CHANGES)("a change of %s", (kind, path, wanted, stands) => {
  const open = async (code: string) => {
    const shop = await defineProgramme(ann, `${code}-${kind.replace("_", "-")}`);
    const name = shop.split("/").at(-1);
    return { shop, at: `${shop}${path}`, body: "name" in wanted ? { ...wanted, name } : wanted };
  };

  test("is proposed by one, and stands when another approves it", async () => {
    const { shop, at, body } = await open("approved");
    const { proposal, change } = await proposes(ann, at, body);
    expect(change).toMatchObject({ kind, version: 2 });
    expect((await programmeAt(shop)).proposals).toMatchObject([{ proposal, change }]);
    expect(stands(await programmeAt(shop))).toBe(false);
    const approval = `${shop}/proposals/${proposal}/approve`;
    await refused(fixture, () => ann.post(approval, {}), 409, "approver_must_differ");
    const approved = of<Programme>(await succeeds(bob.post(approval, {})));
    expect([stands(approved), approved.proposals]).toEqual([true, []]);
    expect(await lastEvent(shop)).toMatchObject({
      proposal: 1,
      requestedBy: expect.stringMatching(/^ann \(/),
      approvedBy: expect.stringMatching(/^bob \(/),
    });
  });

  test("that is put again while it waits is the same proposal, and that stands already is nothing", async () => {
    const { shop, at, body } = await open("again");
    const first = await proposes(ann, at, body);
    const before = await fixture.testStore.store.head();
    expect(await proposes(ann, at, body)).toEqual(first);
    expect(await proposes(bob, at, body)).toEqual(first);
    expect(await fixture.testStore.store.head()).toBe(before);
    await succeeds(bob.post(`${shop}/proposals/${first.proposal}/approve`, {}));
    expect((await ann.put(at, body)).status).toBe(200);
    expect((await programmeAt(shop)).proposals).toEqual([]);
  });

  test("is turned down by another, and taken back by who proposed it", async () => {
    const { shop, at, body } = await open("closed");
    const { proposal } = await proposes(ann, at, body);
    const on = (end: string) => `${shop}/proposals/${proposal}/${end}`;
    await refused(fixture, () => ann.post(on("reject"), {}), 409, "approver_must_differ");
    await refused(fixture, () => bob.post(on("withdraw"), {}), 409, "requester_must_withdraw");
    await succeeds(bob.post(on("reject"), {}));
    const again = await proposes(ann, at, body);
    expect(again.proposal).toBe("2");
    await succeeds(ann.post(`${shop}/proposals/2/withdraw`, {}));
    expect((await programmeAt(shop)).proposals).toEqual([]);
    expect(stands(await programmeAt(shop))).toBe(false);
  });

  test("takes effect at once where a programme is run single-handed, and says so", async () => {
    const shop = await defineProgramme(ann, `alone-${kind.replace("_", "-")}`, { singleHanded: true });
    const body = "name" in wanted ? { ...wanted, name: shop.split("/").at(-1) } : wanted;
    const answer = await ann.put(`${shop}${path}`, body);
    expect([answer.status, stands(of<Programme>(answer))]).toEqual([200, true]);
    expect(await lastEvent(shop)).toMatchObject({
      requestedBy: expect.stringMatching(/^ann \(/),
      singleHanded: true,
    });
  });
});

describe("a proposal", () => {
  test("is decided on once: the same again changes nothing, anything else is told that it is closed", async () => {
    const shop = await defineProgramme(ann, "decided");
    const ends = ["approve", "reject", "withdraw"] as const;
    for (const [i, end] of ends.entries()) {
      const { proposal } = await proposes(ann, `${shop}/rules/base`, { ...RULE, points: String(2 + i) });
      const path = `${shop}/proposals/${proposal}`;
      const by = end === "withdraw" ? ann : bob;
      const first = await succeeds(by.post(`${path}/${end}`, {}));
      const before = await fixture.testStore.store.head();
      expect((await by.post(`${path}/${end}`, {})).body).toEqual(first.body);
      expect(await fixture.testStore.store.head()).toBe(before);
      const third = fixture.service.api({ name: "third" });
      await refused(fixture, () => third.post(`${path}/${end}`, {}), 409, "proposal_closed");
      for (const other of ends.filter((one) => one !== end)) {
        await refused(fixture, () => by.post(`${path}/${other}`, {}), 409, "proposal_closed");
      }
    }
    await refused(fixture, () => bob.post(`${shop}/proposals/99/approve`, {}), 404, "proposal_unknown");
  });

  test("holds from its approval on, or from the instant that it brings", async () => {
    const shop = await defineProgramme(ann, "when");
    const soon = await proposes(ann, `${shop}/rules/base`, { ...RULE, points: "2" });
    const validFrom = "2026-03-01T00:00:00.000Z";
    const dated = await proposes(ann, `${shop}/currencies/PTS`, { ...NEVER, returnGraceDays: 3, validFrom });
    await setClock(ann, shop, LATER);
    for (const { proposal } of [soon, dated]) {
      await succeeds(bob.post(`${shop}/proposals/${proposal}/approve`, {}));
    }
    expect(await programmeAt(shop)).toMatchObject({
      rules: [{ version: 2, validFrom: LATER }],
      currencies: [{ version: 2, validFrom }],
    });
    expect(LATER > START).toBe(true);
  });

  test("says what it changes in the version that stands, field by field, and whether it still can", async () => {
    const shop = await defineProgramme(ann, "differs", { adjustmentLimit: "100", maxBalance: "900" });
    const differing = async (path: string, body: object) => {
      const { differences } = await proposes(ann, `${shop}${path}`, body);
      return differences.toSorted((a, b) => (a.field < b.field ? -1 : 1));
    };
    expect(await differing("", { name: "differs", zone: "Asia/Tokyo" })).toEqual([
      { field: "zone", before: "Asia/Bangkok", after: "Asia/Tokyo" },
    ]);
    const term = { kind: "term", term: { count: 1, unit: "years" } };
    const settings = { expiry: term, clawback: "within_balance", adjustmentLimit: "500", earnCeiling: null };
    expect(await differing("/currencies/PTS", settings)).toEqual([
      { field: "adjustmentLimit", before: "100", after: "500" },
      { field: "earnCeiling", before: "1000000000", after: null },
      { field: "expiry", before: { kind: "never" }, after: term },
      { field: "maxBalance", before: "900", after: null },
    ]);
    expect(await differing("/rules/base", { ...RULE, points: "1", validFrom: LATER })).toEqual([
      { field: "validFrom", before: "1970-01-01T00:00:00.000Z", after: LATER },
    ]);
    const other = await proposes(bob, `${shop}/rules/base`, { ...RULE, points: "2" });
    expect(other).toMatchObject({
      differences: [{ field: "points", before: "1", after: "2" }],
      obsolete: false,
    });
    await succeeds(ann.post(`${shop}/proposals/${other.proposal}/approve`, {}));
    await succeeds(bob.post(`${shop}/proposals/1/reject`, {}));
    const { proposals, decided } = await programmeAt(shop);
    expect(proposals).toMatchObject([
      { proposal: "2", obsolete: false },
      {
        proposal: "3",
        obsolete: true,
        differences: [
          { field: "points", before: "2", after: "1" },
          { field: "validFrom", after: LATER },
        ],
      },
    ]);
    expect(decided).toMatchObject([
      { proposal: "4", how: "approved", by: expect.stringMatching(/^ann \(/) },
      { proposal: "1", how: "rejected", by: expect.stringMatching(/^bob \(/) },
    ]);
    const { body } = await succeeds(ann.get(`${shop}/rules/base`));
    expect(body).toMatchObject({
      versions: [
        { version: 1, requestedBy: null, approvedBy: null },
        {
          version: 2,
          requestedBy: expect.stringMatching(/^bob \(/),
          approvedBy: expect.stringMatching(/^ann \(/),
        },
      ],
    });
  });

  test("that another version has overtaken cannot be approved", async () => {
    const shop = await defineProgramme(ann, "overtaken");
    const rule = `${shop}/rules/base`;
    const one = await proposes(ann, rule, { ...RULE, points: "2" });
    const other = await proposes(bob, rule, { ...RULE, points: "3" });
    await succeeds(bob.post(`${shop}/proposals/${one.proposal}/approve`, {}));
    const late = `${shop}/proposals/${other.proposal}`;
    await refused(fixture, () => ann.post(`${late}/approve`, {}), 409, "proposal_obsolete");
    await succeeds(ann.post(`${late}/reject`, {}));
    const anew = await proposes(bob, rule, { ...RULE, points: "3" });
    await succeeds(ann.post(`${shop}/proposals/${anew.proposal}/approve`, {}));
    expect((await programmeAt(shop)).rules).toMatchObject([{ version: 3 }]);
  });

  test("finds a hundred that wait at most", async () => {
    const shop = await defineProgramme(ann, "full");
    const put = (points: number, api = points <= 51 ? ann : bob) =>
      api.put(`${shop}/rules/base`, { ...RULE, points: String(points) });
    for (let points = 2; points <= 51; points++) expect((await put(points)).status).toBe(202);
    // One alone keeps nobody else from proposing.
    const own = await refused(fixture, () => put(52, ann), 409, "too_many_proposals");
    expect(own.detail).toContain("of yours");
    for (let points = 52; points <= 101; points++) expect((await put(points)).status).toBe(202);
    const eve = fixture.service.api({ name: "eve" });
    await refused(fixture, () => put(102, eve), 409, "too_many_proposals");
    expect((await put(101)).status).toBe(202);
    await succeeds(ann.post(`${shop}/proposals/1/withdraw`, {}));
    expect((await put(102, ann)).status).toBe(202);
  });

  test("is one, however many ask for it at once, and is decided on once", async () => {
    const shop = await defineProgramme(ann, "crowded");
    const other = (await fixture.another()).api({ name: "other" });
    const body = { ...RULE, points: "2" };
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? ann : other).put(`${shop}/rules/base`, body)),
    );
    expect(new Set(asked.map((answer) => of<Proposal>(answer).proposal))).toEqual(new Set(["1"]));
    const ends = await Promise.all(
      ["approve", "reject", "approve", "reject"].map((end, i) =>
        fixture.service.api({ name: `judge ${i}` }).post(`${shop}/proposals/1/${end}`, {}),
      ),
    );
    expect(ends.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
    expect((await programmeAt(shop)).proposals).toEqual([]);
  });

  test("is known to every instance", async () => {
    const shop = await defineProgramme(ann, "instances");
    const { proposal } = await proposes(ann, `${shop}/rules/base`, { ...RULE, points: "2" });
    const elsewhere = (await fixture.another()).api({ name: "elsewhere" });
    await succeeds(elsewhere.post(`${shop}/proposals/${proposal}/approve`, {}));
    expect((await programmeAt(shop)).rules).toMatchObject([{ version: 2 }]);
  });
});

describe("a programme run single-handed", () => {
  const body = (code: string, more: object = {}) => ({ name: code, zone: "Asia/Bangkok", ...more });

  test("is so from the beginning, or never", async () => {
    const two = "/v1/programmes/by-two";
    await succeeds(ann.put(two, body("by-two")));
    const begun = body("by-two", { singleHanded: true });
    await refused(fixture, () => ann.put(two, begun), 409, "not_single_handed");
    await succeeds(ann.put(two, body("by-two", { singleHanded: false })));
    expect((await programmeAt(two)).singleHanded).toBe(false);
  });

  test("ends being so for good, and needs a second principal from then on", async () => {
    const path = "/v1/programmes/by-one";
    await succeeds(ann.put(path, body("by-one", { singleHanded: true })));
    expect((await programmeAt(path)).singleHanded).toBe(true);
    const ended = { singleHanded: false, zone: "Asia/Tokyo" };
    await proposes(ann, path, body("by-one", ended));
    expect(await programmeAt(path)).toMatchObject({ singleHanded: false, zone: "Asia/Bangkok" });
    const again = body("by-one", { singleHanded: true });
    await refused(fixture, () => ann.put(path, again), 409, "not_single_handed");
  });
});
