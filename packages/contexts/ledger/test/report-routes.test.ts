import type { AccountEvent } from "@taem/ledger/events";
import type { Programme } from "@taem/programme/definitions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LEDGER_VERSION } from "../src/read-model/ledger-projection.ts";
import type { Api } from "./support/api.ts";
import { DAY } from "./support/definitions.ts";
import { balanceOf, type CutOf, countedEvents, eventsOf, ledgerOf, owedBy } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;

beforeAll(async () => {
  installation = await Installation.open(31);
  await installation.populate(50, 1_500, 120);
  // Holds end, lots die and debts are repaid, and nobody has swept yet.
  installation.simulation.advance(9);
  installation.now = installation.simulation.now;
  await installation.project();
  api = installation.api;
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

const iso = (at: number) => new Date(at).toISOString();

/** What an account's events come to, for each account of a programme's currency. */
async function countedIn(
  code: string,
  currency: string,
  cut: Partial<CutOf> = {},
): Promise<AccountEvent[][]> {
  const accounts = installation.simulation.accounts.filter(
    (account) => account.programme.code === code && account.currency.code === currency,
  );
  const at = installation.now;
  return Promise.all(
    accounts.map(async (account) =>
      countedEvents(account, await eventsOf(installation.store, account), { at, ...cut }),
    ),
  );
}

async function ledgerBy(code: string, currency: string, cut: Partial<CutOf> = {}) {
  return ledgerOf((await countedIn(code, currency, cut)).flat());
}

interface LedgerAccount {
  readonly account: string;
  readonly debit: string;
  readonly credit: string;
  readonly balance: string;
}

function balances(accounts: readonly LedgerAccount[]): Record<string, string> {
  return Object.fromEntries(accounts.map(({ account, balance }) => [account, balance]));
}

describe("the trial balance", () => {
  test("holds every posting by ledger account, and sums to zero", async () => {
    for (const code of ["one", "two"]) {
      const { status, body } = await api.get(`${code}/trial-balance`);
      expect(status).toBe(200);
      expect(body.currencies.map(({ currency }: { currency: string }) => currency)).toEqual([
        "POINT",
        "STAR",
      ]);
      for (const { currency, accounts, totals } of body.currencies) {
        expect(balances(accounts)).toEqual(await ledgerBy(code, currency));
        expect(totals.balance).toBe("0");
        expect(totals.debit).toBe(totals.credit);
      }
      const position = await installation.store.head();
      expect(body.cut).toEqual({ position, through: position, definitionVersion: LEDGER_VERSION });
    }
  });

  test("as of an instant, and as known on a date, holds the postings that counted", async () => {
    const asOf = installation.now - 45 * DAY;
    const past = await api.get(`one/trial-balance?currency=POINT&asOf=${iso(asOf)}`);
    expect(balances(past.body.currencies[0].accounts)).toEqual(await ledgerBy("one", "POINT", { asOf }));

    const { events } = await installation.store.readLog("0000000000000700", 1);
    const knownAt = events[0]?.recordedAt ?? 0;
    const position = await installation.store.positionAt(knownAt);
    const known = await api.get(`one/trial-balance?currency=POINT&knownAt=${iso(knownAt)}`);
    expect(balances(known.body.currencies[0].accounts)).toEqual(
      await ledgerBy("one", "POINT", { position, at: knownAt }),
    );
    expect(known.body.cut).toMatchObject({ position, through: position });
  });

  test("with an unknown filter is refused, never empty", async () => {
    expect(await api.get("one/trial-balance?account=expired")).toMatchObject({
      status: 400,
      body: { code: "unknown_field" },
    });
    expect(await api.get("one/trial-balance?currency=GOLD")).toMatchObject({
      body: { code: "currency_unknown" },
    });
  });

  test("asked for with consistency=strong waits for everything recorded so far", async () => {
    const { simulation } = installation;
    const account = simulation.accounts.find(({ currency }) => currency.code === "POINT") as Account;
    const goOn = await installation.holdUp();
    simulation.act(account, { type: "earn", by: { points: 1_000n }, reason: "bonus" });
    await simulation.settle();
    expect(await api.get("one/trial-balance?consistency=strong")).toMatchObject({
      body: { code: "read_model_behind" },
    });
    const waiting = api.get("one/trial-balance?consistency=strong&currency=POINT");
    await goOn();
    const { body } = await waiting;
    expect(balances(body.currencies[0].accounts)).toEqual(await ledgerBy("one", "POINT"));
  });
});

describe("what is outstanding", () => {
  const currencies = ["POINT", "STAR"];

  async function expected(code: string, currency: string, cut: Partial<CutOf> = {}) {
    const sums = { outstanding: 0n, debt: 0n, held: 0n, pending: 0n };
    for (const events of await countedIn(code, currency, cut)) {
      const owed = owedBy(events, cut.asOf ?? installation.now);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += owed[name];
    }
    return Object.fromEntries(Object.entries(sums).map(([name, amount]) => [name, String(amount)]));
  }

  test("is the sum over all accounts, without what is over, and says how much of that is not swept", async () => {
    const at = installation.now;
    let due = 0n;
    for (const code of ["one", "two"]) {
      const { body } = await api.get(`${code}/outstanding`);
      expect(body.at).toBe(iso(at));
      for (const [i, currency] of currencies.entries()) {
        expect(body.currencies[i]).toMatchObject(await expected(code, currency));
        due += BigInt(body.currencies[i].notSwept.expired);
      }
    }
    expect(due).toBeGreaterThan(0n);
  });

  test("leaves out what a return has waived and a hold that is over gives back, before the sweep", async () => {
    const { simulation } = installation;
    const programme = simulation.programmes.find(({ code }) => code === "one") as Programme;
    const account = simulation.open(programme, "STAR");
    const sale = { system: "pos", id: "waived", leg: "main" };
    const hold = { type: "hold", points: 100n, redemption: "reward", timeoutSeconds: 60 } as const;
    simulation.act(account, { type: "earn", by: { points: 100n }, reason: "sale", key: sale });
    simulation.act(account, hold);
    simulation.act(account, { type: "reverse", origin: sale, by: { all: true }, reason: "return" });
    simulation.now += 60_000;
    installation.now = simulation.now;
    await simulation.settle();
    await installation.project();
    expect(balanceOf(account, account.state, simulation.now)).toMatchObject({ book: 100n, due: 100n });
    const now = await api.get("one/outstanding?currency=STAR");
    expect(now.body.currencies[0]).toMatchObject(await expected("one", "STAR"));
    const path = `one/outstanding?currency=STAR&asOf=${iso(simulation.now)}`;
    const [past, another] = await Promise.all([api.get(path), api.get(path)]);
    expect(another).toEqual(past);
    expect(past.body.currencies).toEqual(now.body.currencies);
  });

  test("is, in the past, the sum over all accounts as they were", async () => {
    for (const daysAgo of [10, 60]) {
      const asOf = installation.now - daysAgo * DAY;
      const { body } = await api.get(`one/outstanding?asOf=${iso(asOf)}`);
      for (const [i, currency] of currencies.entries()) {
        expect(body.currencies[i]).toMatchObject(await expected("one", currency, { asOf }));
        const outstanding = body.currencies[i].ledger.find(
          ({ account }: LedgerAccount) => account === "outstanding",
        );
        expect(outstanding?.balance ?? "0").toBe(String(-BigInt(body.currencies[i].outstanding)));
      }
    }
  });

  test("of now and of this instant as the past are the same", async () => {
    const now = await api.get("two/outstanding?largest=5");
    const past = await api.get(`two/outstanding?largest=5&asOf=${iso(installation.now)}`);
    const { asOf, ...same } = past.body;
    expect(asOf).toBe(iso(installation.now));
    expect(same.currencies).toEqual(now.body.currencies);
  });

  test("adds up: outstanding = held past expiry + the months of expiry", async () => {
    const { body } = await api.get("one/outstanding?currency=POINT");
    const [{ outstanding, expiry }] = body.currencies;
    const months = expiry.months.reduce(
      (sum: bigint, { points }: { points: string }) => sum + BigInt(points),
      0n,
    );
    expect(BigInt(expiry.heldPastExpiry) + months).toBe(BigInt(outstanding));
    const counted = expiry.months.map(({ months: left }: { months: number | null }) => left ?? 99);
    expect(counted).toEqual(counted.toSorted((a: number, b: number) => a - b));
    expect(counted.every((left: number) => left >= 0)).toBe(true);
  });

  test("names the largest accounts", async () => {
    const { body } = await api.get("one/outstanding?currency=POINT&largest=3");
    const owed = (await countedIn("one", "POINT")).map(
      (events) => owedBy(events, installation.now).outstanding,
    );
    const largest = body.currencies[0].largest.map(({ outstanding }: { outstanding: string }) =>
      BigInt(outstanding),
    );
    expect(largest).toEqual(owed.sort((a, b) => (a > b ? -1 : 1)).slice(0, 3));
  });
});
