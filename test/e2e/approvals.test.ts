import { Api } from "@taem/testing/api";
import { clientKey } from "@taem/testing/client-key";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, START, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

// What waits for a second person is listed in one place until somebody, or time, has decided on it.

const undo = new AsyncDisposableStack();
let installation: TestInstallation;
let program: TestProgram;
let ann: Api;
let bob: Api;

beforeAll(async () => {
  installation = undo.use(await createInstallation());
  program = undo.use(await installation.start());
  [ann, bob] = [await principal("ann"), await principal("bob")];
});

afterAll(() => undo.disposeAsync());

async function principal(name: string): Promise<Api> {
  const token = await clientKey(program.platform.store, name);
  return undo.use(new Api(program.api.url, token));
}

const REPLAY = { clock: { mode: "replay", at: START } };
const DAY_LATER = "2026-03-11T03:00:00.000Z";

interface Waiting {
  readonly kind: string;
  readonly id: string;
  readonly requestedBy: string;
  readonly [field: string]: unknown;
}

async function waiting(shop: string, query = ""): Promise<{ items: Waiting[]; next?: string }> {
  const { body } = await succeeds(bob.get(`${shop}/approvals?consistency=strong${query}`));
  return body as unknown as { items: Waiting[]; next?: string };
}

/** A programme in which two changes are proposed and three adjustments asked for. */
async function busy(code: string) {
  const shop = await defineProgramme(ann, code, { ...REPLAY, adjustmentTimeoutSeconds: 3600 });
  const [member] = (await enrolMany(ann, code, "member", 1)) as [string];
  await succeeds(ann.put(shop, { name: code, zone: "Asia/Tokyo" }));
  await succeeds(ann.put(`${shop}/rules/base`, { currency: "PTS", money: "THB", per: "2500", points: "2" }));
  const adjustments: string[] = [];
  for (const points of ["5", "6", "7"]) {
    const body = { currency: "PTS", direction: "credit", points, reason: "goodwill" };
    const answer = await ann.post(`${shop}/members/${member}/adjustments`, body, `ask ${points}`);
    expect(answer.status).toBe(202);
    adjustments.push(answer.body.effect.adjustment.id);
  }
  return { shop, member, adjustments };
}

test("proposals and adjustments are listed with who asked for what, when, and until when", async () => {
  const { shop, member, adjustments } = await busy("listed");
  const { items, next } = await waiting(shop);
  const asked = { requestedBy: expect.stringMatching(/^ann \(/), requestedAt: START };
  const adjustment = {
    kind: "adjustment",
    ...asked,
    expiresAt: "2026-03-10T04:00:00.000Z",
    member,
    currency: "PTS",
    direction: "credit",
    reason: "goodwill",
  };
  expect(next).toBeUndefined();
  expect(items).toMatchObject([
    {
      kind: "proposal",
      id: "1",
      ...asked,
      expiresAt: null,
      change: { kind: "zone", version: 2, zone: "Asia/Tokyo" },
    },
    { kind: "proposal", id: "2", change: { kind: "earn_rule", rule: "base", definition: { points: "2" } } },
    { ...adjustment, id: adjustments[0], points: "5" },
    { ...adjustment, id: adjustments[1], points: "6" },
    { ...adjustment, id: adjustments[2], points: "7" },
  ]);
});

test("another process lists what was proposed and asked for a moment ago", async () => {
  await using ledger = await installation.start({ services: "ledger" });
  const { shop } = await busy("elsewhere");
  for (const points of ["3", "4", "5"]) {
    const listed = async (api: Api) =>
      (await succeeds(api.get(`${shop}/approvals?consistency=strong`))).body as unknown as {
        items: Waiting[];
      };
    await listed(ledger.api);
    await succeeds(ann.put(`${shop}/rules/base`, { currency: "PTS", money: "THB", per: "2500", points }));
    expect(await listed(ledger.api)).toEqual(await listed(bob));
  }
  expect((await waiting(shop, "&kind=proposal")).items).toHaveLength(5);
});

test("the list is read page by page, and of one kind", async () => {
  const { shop } = await busy("paged");
  const all = (await waiting(shop)).items;
  for (const limit of [1, 2, 3, 4]) {
    const read: Waiting[] = [];
    for (let cursor = ""; ; ) {
      const page = await waiting(shop, `&limit=${limit}${cursor}`);
      read.push(...page.items);
      if (page.next === undefined) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(read).toEqual(all);
  }
  for (const kind of ["proposal", "adjustment"]) {
    expect((await waiting(shop, `&kind=${kind}`)).items).toEqual(all.filter((item) => item.kind === kind));
  }
});

test("what somebody or time has decided on waits no longer", async () => {
  const { shop, adjustments } = await busy("decided");
  await succeeds(bob.post(`${shop}/proposals/1/approve`, {}));
  await succeeds(ann.post(`${shop}/proposals/2/withdraw`, {}));
  await succeeds(bob.post(`${shop}/adjustments/${adjustments[0]}/approve`, {}, "a"));
  await succeeds(bob.post(`${shop}/adjustments/${adjustments[1]}/reject`, {}, "r"));
  expect((await waiting(shop)).items.map(({ id }) => id)).toEqual([adjustments[2]]);
  await succeeds(ann.put(`${shop}/clock`, { mode: "replay", at: DAY_LATER }));
  expect((await waiting(shop)).items).toEqual([]);
  const { rows } = await program.platform.database.query(
    "SELECT status, closed_by IS NULL AS by_time FROM taem_ledger.adjustments WHERE member::text = $1 ORDER BY no",
    [adjustments[0]?.slice(0, 36)],
  );
  expect(rows.slice(0, 2)).toEqual([
    { status: "approved", by_time: false },
    { status: "rejected", by_time: false },
  ]);
});

test("every report says whether its programme is run single-handed, of its own cut", async () => {
  const alone = await defineProgramme(ann, "alone", { ...REPLAY, singleHanded: true });
  const two = await defineProgramme(ann, "two", REPLAY);
  for (const report of ["trial-balance", "outstanding"]) {
    const says = async (shop: string, query = "") =>
      (await succeeds(bob.get(`${shop}/${report}?consistency=strong${query}`))).body as unknown as {
        singleHanded: boolean;
        cut: { position: string };
      };
    const before = await says(alone);
    expect([before.singleHanded, (await says(two)).singleHanded]).toEqual([true, false]);
    if (report === "trial-balance") continue;
    await succeeds(ann.put(alone, { name: "alone", zone: "Asia/Bangkok", singleHanded: false }));
    expect((await says(alone)).singleHanded).toBe(false);
    expect((await says(alone, `&position=${before.cut.position}`)).singleHanded).toBe(true);
  }
});
