import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

// An earlier program took expiries and clocks beyond the year 9999. What is in the log stays readable: never, or the
// calendar's last day.

const LAST = Date.parse("9999-12-31T23:59:59.999Z");
const LAST_HOUR = Date.parse("9999-12-31T23:00:00Z");
const HOUR = 3_600_000;

let installation: Installation;
let api: Api;
let account: Account;

beforeAll(async () => {
  installation = await Installation.open(9);
  const { simulation, store } = installation;
  const programme = await simulation.defineProgramme("one", "Asia/Bangkok");
  account = simulation.open(programme, "POINT");
  await simulation.enrol(account);
  const events = eventsOf(account, simulation.now).map((event) => ({
    id: crypto.randomUUID(),
    type: event.type,
    data: accountEvents.encode(event),
    meta: accountEvents.encodeMeta(event.type, { actor: "earlier", correlation: "earlier" }),
  }));
  const { stream, slice } = account;
  await store.append([{ stream, slice, expectedRevision: 0, events }]);
  await installation.project();
  api = installation.api;
});
afterAll(() => installation[Symbol.asyncDispose]());

function eventsOf({ programme, currency, member }: Account, now: number): AccountEvent[] {
  const common = { programme: programme.id, member, currency: currency.code };
  const earn = (no: number, at: number, expiresAt: number): AccountEvent<"PointsEarned"> => ({
    type: "PointsEarned",
    ...common,
    occurredAt: at,
    effectiveAt: at,
    book: BigInt(10 * no),
    key: { system: "pos", id: `k${no}`, leg: "main" },
    fingerprint: "0".repeat(32),
    lot: { no, amount: 10n, availableFrom: at, expiresAt, earnedAt: at, vintage: "2026-01" },
    reason: "opening",
    deadline: LAST,
  });
  return [
    earn(1, now, LAST),
    earn(2, now, LAST + 5 * HOUR),
    earn(3, LAST_HOUR, LAST),
    {
      type: "PointsExpired",
      ...common,
      occurredAt: LAST,
      effectiveAt: LAST,
      book: 20n,
      amount: 10n,
      takes: [{ lot: 1, amount: 10n, vintage: "2026-01" }],
      accountingDate: "+010000-01-01",
      cause: "term",
    },
  ];
}

test("nothing is parked, and the read model is what the log says", async () => {
  const { rows } = await installation.database.query("SELECT * FROM taem_ledger.parked");
  expect(rows).toEqual([]);
  expect(await installation.verify()).toMatchObject({ ok: true });
  const { rows: days } = await installation.database.query(
    "SELECT DISTINCT accounting_date::text AS day FROM taem_ledger.postings ORDER BY 1",
  );
  expect(days).toEqual([{ day: "2026-01-02" }, { day: "9999-12-31" }]);
});

test.each(["", "&consistency=strong"])("the points never expire%s", async (how) => {
  const path = `one/members/${account.member}`;
  const lots = await api.get(`${path}/lots?currency=POINT${how}`);
  expect(lots.body.items).toMatchObject([
    { lot: 2, expiresAt: null },
    { lot: 3, expiresAt: null },
  ]);
  const balance = await api.get(`${path}/balance?currency=POINT${how}`);
  expect(balance.body).toMatchObject({ balance: { book: "20", due: "0" }, nextExpiry: null });
});

test.each(["", "&asOf=9999-12-31T23:59:59.999Z"])("reports put them under never%s", async (when) => {
  const { body } = await api.get(`one/outstanding?currency=POINT${when}`);
  expect(body.currencies[0].expiry.months).toEqual([{ month: null, months: null, points: "20" }]);
});

test("every instant of the answers is one that RFC 3339 can write", async () => {
  const path = `one/members/${account.member}`;
  for (const what of ["statement", "events", "lots", "balance"]) {
    const { status, body } = await api.get(`${path}/${what}?currency=POINT`);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toMatch(/"\+\d+-\d\d-\d\dT/);
  }
});
