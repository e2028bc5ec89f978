import { member as memberCategory, memberStream } from "@taem/member/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsAfter } from "../src/queries/registers.ts";
import type { Api } from "./support/api.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

// What there is, page by page: programmes, members, clients. Rows come from the events that these began with.

let installation: Installation;
let api: Api;

beforeAll(async () => {
  installation = await Installation.open(17);
  await installation.populate(20, 100, 30);
  await installation.project();
  api = installation.api;
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

const membersOf = (code: string): string[] =>
  installation.simulation.accounts
    .filter(({ programme }) => programme.code === code)
    .map(({ member }) => member)
    .toSorted()
    .toReversed();

/** The ids on the pages of a list, from a cursor on. */
async function paged(
  path: string,
  id: "member" | "programme",
  between = async () => {},
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor = ""; ; ) {
    const { status, body } = await api.get(`${path}${path.includes("?") ? "&" : "?"}limit=3${cursor}`);
    expect(status, path).toBe(200);
    pages.push(body.items.map((item: Record<string, string>) => item[id]));
    if (body.next === undefined) return pages;
    cursor = `&cursor=${body.next}`;
    await between();
  }
}

describe("members", () => {
  test.each(["one", "two"])(
    "of programme %s are all listed, highest id first, and no others",
    async (code) => {
      const pages = await paged(`${code}/members`, "member");
      expect(pages.slice(0, -1).every((page) => page.length === 3)).toBe(true);
      expect(pages.flat()).toEqual(membersOf(code));
      const { body } = await api.get(`${code}/members?limit=1000`);
      expect(body.items.map(({ member }: Account) => member)).toEqual(membersOf(code));
      const [first] = body.items;
      const account = installation.simulation.accounts.find(({ member }) => member === first.member);
      expect(first.enrolledAt).toBe(new Date(account?.enrolledAt ?? 0).toISOString());
    },
  );

  test("who is enrolled meanwhile moves nobody: each of those before is on one page", async () => {
    const before = membersOf("one");
    const pages = await paged("one/members", "member", async () => {
      const { simulation } = installation;
      const [programme] = simulation.programmes;
      if (programme === undefined) throw new Error("no programme");
      await simulation.enrol(simulation.open(programme, "POINT"));
      await installation.project();
    });
    const seen = pages.flat();
    expect(seen.filter((member) => before.includes(member))).toEqual(before);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("an external id with a cursor, and a programme that is not there, are refused", async () => {
    const { body } = await api.get("one/members?limit=3");
    const both = await api.get(`one/members?externalId=a&cursor=${body.next}`);
    expect([both.status, both.body.code]).toEqual([400, "conflicting_fields"]);
    expect((await api.get("three/members")).body.code).toBe("programme_unknown");
    expect((await api.get("one/members?externalId=nobody")).body).toMatchObject({ items: [] });
  });
});

test("programmes are listed by their codes, with what they are now", async () => {
  expect((await paged("", "programme")).flat()).toEqual(["one", "two"]);
  const { body } = await api.get("?limit=1&consistency=strong");
  const [one] = installation.simulation.programmes;
  expect(body.items).toEqual([
    {
      ...{ programme: "one", id: one?.id, name: one?.name, zone: "Asia/Bangkok", singleHanded: false },
      clock: { mode: "live" },
    },
  ]);
  const next = await api.get(`?limit=1&cursor=${body.next}`);
  expect(next.body.items.map(({ programme }: { programme: string }) => programme)).toEqual(["two"]);
  expect(next.body.next).toBeUndefined();
});

test("clients are listed by their ids, all or those of one programme", async () => {
  const { database } = installation;
  const [one, two] = ["0123456789abcdef", "fedcba9876543210"];
  expect(await clientsAfter(database, null, 10)).toEqual([one, two]);
  expect(await clientsAfter(database, null, 1)).toEqual([one]);
  expect(await clientsAfter(database, null, 10, one)).toEqual([two]);
  expect(await clientsAfter(database, ["two"], 10)).toEqual([two]);
  expect(await clientsAfter(database, ["one", "two"], 10)).toEqual([two]);
  expect(await clientsAfter(database, ["one"], 10)).toEqual([]);
});

test("a member whose stream began in another slice has the same row there, before or after the account's events", async () => {
  const { simulation, store } = installation;
  const [programme] = simulation.programmes;
  if (programme === undefined) throw new Error("no programme");
  const account = simulation.open(programme, "POINT");
  simulation.act(account, { type: "earn", by: { points: 5n }, reason: "bonus" });
  await simulation.settle();
  const slice = (account.slice + 7) % 64;
  await simulation.enrol(account, slice);
  await installation.project();
  const rows = () =>
    installation.database.query("SELECT slice, enrolled_at FROM taem_ledger.members WHERE member = $1", [
      account.member,
    ]);
  const expected = [{ slice, enrolled_at: BigInt(account.enrolledAt) }];
  expect((await rows()).rows).toEqual(expected);
  expect((await paged("one/members", "member")).flat()).toContain(account.member);
  const [stream] = await store.read([{ stream: memberStream(account.member), afterRevision: 0 }]);
  expect(stream?.events[0]?.slice).toBe(slice);
  expect(await installation.rebuild({ expect: "equal" })).toMatchObject({ outcome: "taken_over" });
  expect(await installation.verify()).toMatchObject({ ok: true });
  expect((await rows()).rows).toEqual(expected);
});

test("the event that reserves a programme's code makes no programme", async () => {
  const { simulation } = installation;
  await simulation.reserveCode("reserved-only");
  await installation.project();
  expect((await paged("", "programme")).flat()).toEqual(["one", "two"]);
  expect(await installation.verify()).toMatchObject({ ok: true });
});

test("a member whose enrolment cannot be read is not listed, and the list of the programme says so", async () => {
  const { store, simulation } = installation;
  const [one] = simulation.programmes;
  const member = simulation.random.uuid();
  const meta = memberCategory.events.encodeMeta("MemberEnrolled", { actor: "nobody", correlation: "nobody" });
  const data = `{"programme":"${one?.id}","type":"no enrolment"}`;
  const events = [{ id: simulation.random.uuid(), type: "MemberEnrolled", data, meta }];
  await store.append([{ stream: memberStream(member), slice: 9, expectedRevision: 0, events }]);
  const before = (await paged("one/members", "member")).flat();
  await installation.project();
  expect((await paged("one/members", "member")).flat()).toEqual(before);
  expect((await api.get("one/members?limit=1")).body).toMatchObject({ parked: 1 });
  expect((await api.get("two/members?limit=1")).body).toMatchObject({ parked: 0 });
  const parked = [expect.objectContaining({ key: memberStream(member) })];
  expect(await installation.verify()).toMatchObject({ ok: false, parked });
});
