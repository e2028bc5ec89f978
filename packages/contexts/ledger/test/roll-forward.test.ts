import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { movementsOf } from "../src/queries/movements.ts";
import { entriesOf, statementLine } from "../src/read-model/reading.ts";
import type { Api } from "./support/api.ts";
import { DAY } from "./support/definitions.ts";
import { countedEvents, dateOf, eventsOf } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;
/** The last accounting days of the first months, by the programme's zone. */
const MONTHS = {
  "2026-01": "2026-01-31",
  "2026-02": "2026-02-28",
  "2026-03": "2026-03-31",
  "2026-04": "2026-04-30",
};
const [FROM, TO] = ["2026-01-01", "2026-04-30"];

beforeAll(async () => {
  installation = await Installation.open(13);
  await installation.populate(60, 2_500, 130);
  await installation.project();
  api = installation.api;
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

interface Line {
  readonly line: string;
  readonly of: string | null;
  readonly points: string;
}
interface Balance {
  readonly opening: string;
  readonly lines: readonly Line[];
  readonly closing: string;
}

const BALANCES = ["outstanding", "debt", "waived"] as const;
type Balances = { readonly [B in (typeof BALANCES)[number]]: Balance };

async function rolled(code: string, query: string) {
  const { status, body } = await api.get(`${code}/roll-forward?${query}`);
  expect(status, query).toBe(200);
  return body;
}

const sumOf = (lines: readonly Line[]) => lines.reduce((sum, { points }) => sum + BigInt(points), 0n);

function mustFoot(balances: Balances): void {
  for (const name of BALANCES) {
    const { opening, lines, closing } = balances[name];
    expect(String(BigInt(opening) + sumOf(lines))).toBe(closing);
  }
}

function added(parts: readonly Balances[], name: (typeof BALANCES)[number]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { line, of, points } of parts.flatMap((part) => part[name].lines)) {
    sums[`${line} ${of}`] = (sums[`${line} ${of}`] ?? 0n) + BigInt(points);
  }
  return sums;
}

test("every posting of every kind of event is in the lines, and they are what it does to balance and debt", async () => {
  const types = new Set<string>();
  for (const account of installation.simulation.accounts) {
    for (const { event } of await eventsOf(installation.store, account)) {
      types.add(event.type);
      const changes = { outstanding: 0n, debt: 0n, waived: 0n };
      for (const entry of entriesOf(event)) {
        for (const { balance, sign } of movementsOf(entry)) changes[balance] += sign * entry.amount;
      }
      const { delta, debt } = statementLine(event);
      expect(changes).toMatchObject({ outstanding: delta, debt });
    }
  }
  expect([...types].sort()).toEqual(accountEvents.names.toSorted());
});

test("by month and by day it foots, its parts add up to the whole, and each closes as the trial balance does", async () => {
  for (const code of ["one", "two"]) {
    const months = await rolled(code, `from=${FROM}&to=${TO}&by=month`);
    const days = await rolled(code, `from=${FROM}&to=${TO}&by=day`);
    const whole = await rolled(code, `from=${FROM}&to=${TO}`);
    expect(whole.through).toBe(TO);
    for (const [i, block] of whole.currencies.entries()) {
      expect(block.periods).toEqual([]);
      expect(months.currencies[i].total).toEqual(block.total);
      expect(days.currencies[i].total).toEqual(block.total);
      expect(months.currencies[i].periods.map(({ period }: { period: string }) => period)).toEqual(
        Object.keys(MONTHS),
      );
      expect(days.currencies[i].periods).toHaveLength(120);
      mustFoot(block.total);
      for (const { periods } of [months.currencies[i], days.currencies[i]]) {
        periods.forEach(mustFoot);
        for (const name of BALANCES) {
          expect(added(periods, name)).toEqual(added([block.total], name));
          const closings = periods.map((period: Balances) => period[name].closing);
          const openings = periods.map((period: Balances) => period[name].opening);
          expect(openings).toEqual([block.total[name].opening, ...closings.slice(0, -1)]);
        }
      }
      for (const [month, last] of Object.entries(MONTHS)) {
        const { body } = await api.get(`${code}/trial-balance?currency=${block.currency}&through=${last}`);
        const balance = (name: string) =>
          body.currencies[0].accounts.find((line: { account: string }) => line.account === name)?.balance ??
          "0";
        const period = months.currencies[i].periods.find((one: { period: string }) => one.period === month);
        expect(period.outstanding.closing).toBe(String(-BigInt(balance("outstanding"))));
        expect(period.debt.closing).toBe(balance("debt"));
        expect(period.waived.closing).toBe(balance("waived"));
      }
    }
  }
});

/** What the events of a type come to, by what they are of, with dates in the span. */
type Reading = (event: AccountEvent) => readonly [line: string, points: bigint] | undefined;

const READINGS: Reading[] = [
  (event) => (event.type === "PointsEarned" ? [`earned ${event.key.system}`, event.lot.amount] : undefined),
  (event) => (event.type === "PointsBurned" ? [`burned ${event.redemption}`, -event.amount] : undefined),
  (event) => (event.type === "HoldCaptured" ? [`burned ${event.redemption}`, -event.amount] : undefined),
  (event) => (event.type === "BurnReversed" ? [`given_back ${event.redemption}`, event.amount] : undefined),
  (event) => (event.type === "PointsExpired" ? ["expired null", -event.amount] : undefined),
  (event) => (event.type === "DebtRepaid" ? ["set_off_against_debt null", -event.amount] : undefined),
  (event) => (event.type === "TransferOut" ? ["transferred_out null", -event.amount] : undefined),
  (event) =>
    event.type === "TransferIn" || event.type === "TransferReturned"
      ? ["transferred_in null", event.amount]
      : undefined,
  (event) =>
    event.type === "AdjustmentCredited" ? [`adjusted_up ${event.reason}`, event.lot.amount] : undefined,
  (event) =>
    event.type === "AdjustmentDebited" ? [`adjusted_down ${event.reason}`, -event.amount] : undefined,
];
const READ = /^(earned|burned|given_back|expired|set_off_against_debt|transferred_|adjusted_)/;

test("the lines are the events whose accounting date lies in the span", async () => {
  const [from, to] = ["2026-02-10", "2026-03-09"];
  const accounts = installation.simulation.accounts.filter(({ programme }) => programme.code === "one");
  const histories = await Promise.all(
    accounts.map(async (account: Account) => {
      const events = await eventsOf(installation.store, account);
      return { account, events: countedEvents(account, events, { through: to, at: installation.now }) };
    }),
  );
  for (const { currency, total } of (await rolled("one", `from=${from}&to=${to}`)).currencies) {
    const expected: Record<string, bigint> = {};
    for (const { account, events } of histories) {
      if (account.currency.code !== currency) continue;
      for (const event of events.filter((one) => dateOf(account, one) >= from)) {
        for (const [line, points] of READINGS.flatMap((read) => [read(event) ?? []]).filter(
          (one) => one.length > 0,
        ) as [string, bigint][])
          expected[line] = (expected[line] ?? 0n) + points;
      }
    }
    const found = Object.entries(added([total], "outstanding")).filter(([line]) => READ.test(line));
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(expected).filter(([, points]) => points !== 0n)),
    );
  }
});

test("it is the same before and after the sweep", async () => {
  const { simulation } = installation;
  simulation.advance(20);
  installation.now = simulation.now;
  const to = new Date(installation.now - DAY).toISOString().slice(0, 10);
  const ask = async (query: string) => {
    const { cut, currencies, ...head } = await rolled("one", `from=${FROM}&to=${to}&by=month&${query}`);
    return { head, cut, currencies: currencies.map(({ notSwept, ...rest }: { notSwept: unknown }) => rest) };
  };
  const before = await ask("");
  for (const account of simulation.accounts) simulation.sweep(account);
  await simulation.settle();
  await installation.project();
  expect(await ask(`position=${before.cut.position}`)).toEqual(before);
  expect((await ask("")).currencies).toEqual(before.currencies);
});

test("a span that ends before it begins, has too many parts, or none, is refused", async () => {
  const refused = async (query: string) => (await api.get(`one/roll-forward?${query}`)).body.code;
  expect(await refused("from=2026-03-01&to=2026-02-28")).toBe("value_out_of_range");
  expect(await refused("from=2025-01-01&to=2026-02-28&by=day")).toBe("value_out_of_range");
  expect(await refused("from=1970-01-01&to=9999-12-31&by=month")).toBe("value_out_of_range");
  expect(await refused("to=2026-02-28")).toBe("missing_field");
  expect(await refused("from=2026-02-01&to=2026-02-28&by=week")).toBe("value_not_allowed");
  expect(await refused("from=2026-02-01&to=2026-02-28&asOf=2026-02-28T00:00:00Z")).toBe("unknown_field");
  expect((await api.get("one/roll-forward?from=1970-01-01&to=9999-12-31")).status).toBe(200);
});
