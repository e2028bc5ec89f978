import { sliceOfMember } from "@taem/kernel";
import { accountEvents, accountStream } from "@taem/ledger/events";
import type { Programme } from "@taem/programme/definitions";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;
let one: Programme;
let two: Programme;

beforeAll(async () => {
  installation = await Installation.open(13);
  one = await installation.simulation.defineProgramme("one", "Asia/Bangkok");
  two = await installation.simulation.defineProgramme("two", "Asia/Bangkok");
  await installation.project();
  api = installation.api;
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

async function settle(): Promise<void> {
  await installation.simulation.settle();
  await installation.project();
}

async function earned(programme: Programme, points: bigint): Promise<Account> {
  const account = installation.simulation.open(programme, "POINT");
  installation.simulation.act(account, { type: "earn", by: { points }, reason: "purchase" });
  await settle();
  return account;
}

/** An event that nobody can read, behind those that an account has. */
async function poison(programme: Programme, member: string, revision: number): Promise<void> {
  const stream = accountStream(member, 1);
  const data = `{"programme":"${programme.id}","type":"no earn"}`;
  const meta = accountEvents.encodeMeta("PointsEarned", { actor: "nobody", correlation: "nobody" });
  const id = installation.simulation.random.uuid();
  const events = [{ id, type: "PointsEarned", data, meta }];
  const slice = sliceOfMember(programme.id, member);
  const [result] = await installation.store.append([{ stream, slice, expectedRevision: revision, events }]);
  if (result?.ok !== true) throw new Error("the event was not appended");
  await installation.project();
}

async function reported(code: string, report: "outstanding" | "trial-balance", query = "") {
  const { status, body } = await api.get(`${code}/${report}?currency=POINT&${query}`);
  expect(status).toBe(200);
  const [block] = body.currencies;
  const lines: { account: string; balance: string }[] = block.ledger ?? block.accounts;
  const ledger = Object.fromEntries(lines.map(({ account, balance }) => [account, balance]));
  return { outstanding: block.outstanding, ledger, parked: body.parked, lacks: body.lacks };
}

test("an account that the read model has lost, but whose events can be read, is in every report", async () => {
  const { simulation, database } = installation;
  const account = await earned(one, 100n);
  await database.query("DELETE FROM taem_ledger.lots WHERE member = $1", [account.member]);
  const before = await reported("one", "trial-balance");
  simulation.act(account, { type: "burn", points: 30n, redemption: "reward" });
  await settle();
  expect(installation.projector.status().parked).toBe(1);

  const ledger = { "issuance:pos": "100", outstanding: "-70", "redemption:reward": "-30" };
  const whole = { ledger, parked: 0, lacks: [] };
  for (const query of [
    "",
    "consistency=strong",
    `asOf=${new Date(installation.now).toISOString()}`,
    "through=2026-01-05",
  ]) {
    expect(await reported("one", "outstanding", query), query).toEqual({ ...whole, outstanding: "70" });
    expect(await reported("one", "trial-balance", query), query).toEqual({
      ...whole,
      outstanding: undefined,
    });
  }
  // And as it was known before.
  expect(before.ledger).toEqual({ "issuance:pos": "100", outstanding: "-100" });
});

test("an account with an event that cannot be read counts up to it, and the report says what it lacks", async () => {
  const account = await earned(two, 50n);
  await poison(two, account.member, 1);
  const since = await installation.store.head();
  const stranger = installation.simulation.random.uuid();
  await poison(two, stranger, 0);
  const sinceFirst = await installation.store.head();

  const lacks = [
    { member: account.member, currency: "POINT", since },
    { member: stranger, currency: "POINT", since: sinceFirst },
  ];
  const ledger = { "issuance:pos": "50", outstanding: "-50" };
  for (const query of ["", "consistency=strong"]) {
    expect(await reported("two", "outstanding", query)).toEqual({
      outstanding: "50",
      ledger,
      parked: 2,
      lacks,
    });
    expect(await reported("two", "trial-balance", query)).toMatchObject({ ledger, parked: 2, lacks });
  }
  expect(await reported("one", "outstanding")).toMatchObject({ parked: 0, lacks: [] });
});
