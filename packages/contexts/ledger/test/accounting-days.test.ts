import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

// A programme in Bangkok, whose February ends at 17:00 UTC on the 28th. 60 points stay, 10 die with the month.
const FEBRUARY = "2026-02-28";
const MARCH_BEGINS = Date.UTC(2026, 1, 28, 17);
const HOUR = 3_600_000;

let installation: Installation;
let api: Api;
let account: Account;

beforeAll(async () => {
  installation = await Installation.open(7);
  const { simulation } = installation;
  const programme = await simulation.defineProgramme("one", "Asia/Bangkok");
  account = simulation.open(programme, "POINT");
  earn(10n, { expiresAt: MARCH_BEGINS });
  earn(60n);
  simulation.now = MARCH_BEGINS;
  // The first instant of March belongs to March.
  earn(5n);
  await settle();
  api = installation.api;
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

function earn(points: bigint, more: Record<string, unknown> = {}): void {
  installation.simulation.act(account, { type: "earn", by: { points }, reason: "purchase", ...more });
}

async function settle(): Promise<void> {
  await installation.simulation.settle();
  installation.now = installation.simulation.now;
  await installation.project();
}

async function closing(query: string) {
  const { status, body } = await api.get(`one/outstanding?currency=POINT&${query}`);
  expect(status).toBe(200);
  const [{ outstanding, ledger }] = body.currencies;
  const balanceOf = (name: string) =>
    ledger.find((line: { account: string }) => line.account === name)?.balance ?? "0";
  expect(balanceOf("outstanding")).toBe(String(-BigInt(outstanding)));
  return { outstanding, expired: balanceOf("expired"), at: body.at, forecast: body.forecast };
}

test("February closes without the points whose last valid day is its last, and without March's first instant", async () => {
  const closed = { outstanding: "60", expired: "-10", at: new Date(MARCH_BEGINS).toISOString() };
  expect(await closing(`through=${FEBRUARY}`)).toEqual({ ...closed, forecast: false });
  // Auditors ask by instant: the expiry is effective at midnight, and so is March's first earn.
  const last = new Date(MARCH_BEGINS - 1).toISOString();
  expect(await closing(`asOf=${last}`)).toMatchObject({ outstanding: "70", expired: "0" });
  const midnight = new Date(MARCH_BEGINS).toISOString();
  expect(await closing(`asOf=${midnight}`)).toMatchObject({ outstanding: "65", expired: "-10" });
});

test("points that a hold keeps until the day's end are owed at its close unless they are dated on it as expired", async () => {
  const { simulation } = installation;
  const held = simulation.open(account.programme, "STAR");
  simulation.now = MARCH_BEGINS + HOUR;
  const endOfMarch2 = Date.UTC(2026, 2, 2, 17);
  const expiring = { type: "earn", by: { points: 8n }, reason: "purchase", expiresAt: endOfMarch2 } as const;
  simulation.act(held, expiring);
  const timeoutSeconds = (endOfMarch2 - simulation.now) / 1_000;
  simulation.act(held, { type: "hold", points: 8n, redemption: "reward", timeoutSeconds });
  await settle();
  const asked = () => api.get("one/outstanding?currency=STAR&through=2026-03-02");
  const before = (await asked()).body;
  simulation.now = endOfMarch2;
  simulation.sweep(held);
  await settle();
  const after = (await asked()).body;
  expect(after.currencies[0]).toMatchObject({ outstanding: "0", held: "0" });
  expect(before.currencies[0]).toMatchObject({ outstanding: "0", held: "0" });
});

test("a day that is not over is a forecast, and so is an instant ahead of the clock", async () => {
  expect(await closing("through=2026-03-02")).toMatchObject({ forecast: false });
  expect(await closing("through=2026-03-03")).toMatchObject({ forecast: true });
  expect(await closing(`asOf=${new Date(installation.now).toISOString()}`)).toMatchObject({
    forecast: false,
  });
  expect(await closing(`asOf=${new Date(installation.now + 1).toISOString()}`)).toMatchObject({
    forecast: true,
  });
});

test("a day that there is not, and two bounds at once, are refused", async () => {
  const refused = async (query: string) => (await api.get(`one/trial-balance?${query}`)).body.code;
  for (const day of ["2026-02-29", "2026-2-1", "yesterday", "1969-12-31", ""])
    expect(await refused(`through=${day}`)).toBe("malformed_time");
  expect(await refused("through=2026-02-28&asOf=2026-02-28T00:00:00Z")).toBe("conflicting_fields");
  expect(await refused("position=0000000000000001&knownAt=2026-02-28T00:00:00Z")).toBe("conflicting_fields");
  expect(await refused("position=1")).toBe("malformed_value");
  expect(await refused("position=9999999999999999")).toBe("read_model_behind");
});
