import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { DAY } from "./support/definitions.ts";
import { type CutOf, countedEvents, eventsOf, ledgerOf, owedBy } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import { Random } from "./support/random.ts";

/** The same lives, swept before every tenth command and hardly ever. */
const SCHEDULES = [10, Number.POSITIVE_INFINITY] as const;
const SEEDS = [41, 42] as const;
const PROGRAMMES = ["one", "two"] as const;
const REPORTS = ["trial-balance", "outstanding"] as const;

interface Lives extends AsyncDisposable {
  readonly installation: Installation;
  readonly api: Api;
}

async function lives(seed: number, sweepEvery: number): Promise<Lives> {
  const undo = new AsyncDisposableStack();
  const installation = undo.use(await Installation.open(seed));
  await installation.populate(24, 500, 100, sweepEvery);
  installation.simulation.advance(6);
  installation.now = installation.simulation.now;
  await installation.project();
  return { installation, api: installation.api, [Symbol.asyncDispose]: () => undo.disposeAsync() };
}

const iso = (at: number) => new Date(at).toISOString();
const dayOf = (at: number) => iso(at).slice(0, 10);

/** Instants and days of the whole life, and some to come. */
function cutsOf(random: Random, now: number): CutOf[] {
  const somewhere = () => now - random.integer(-40 * DAY, 100 * DAY);
  const instants = Array.from({ length: 4 }, () => ({ asOf: somewhere(), at: now }));
  const days = Array.from({ length: 4 }, () => ({ through: dayOf(somewhere()), at: now }));
  return [{ at: now }, { asOf: now, at: now }, ...instants, ...days];
}

function queryOf({ asOf, through, position }: CutOf): string {
  const asked = { ...(asOf === undefined ? {} : { asOf: iso(asOf) }), through, position };
  const given = Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(given).toString();
}

/** Without where the log stands and what is not swept in it. */
function figuresOf({ cut, currencies, ...rest }: Awaited<ReturnType<Api["get"]>>["body"]) {
  const blocks = currencies.map(({ notSwept, ...figures }: { notSwept: unknown }) => figures);
  return { ...rest, position: cut.position, currencies: blocks };
}

describe.each(SEEDS)("of the lives of seed %i", (seed) => {
  let all: Lives[];
  beforeAll(async () => {
    all = [];
    for (const sweepEvery of SCHEDULES) all.push(await lives(seed, sweepEvery));
  }, 120_000);
  afterAll(async () => {
    for (const one of all) await one[Symbol.asyncDispose]();
  });

  test("any report is the same whenever the sweep has run", async () => {
    const [often, seldom] = all as [Lives, Lives];
    const counts = all.map(({ installation }) => installation.simulation.events);
    expect(counts[0]).toBeGreaterThan(counts[1] as number);
    for (const cut of cutsOf(new Random(seed), often.installation.now)) {
      for (const programme of PROGRAMMES) {
        for (const report of REPORTS) {
          const path = `${programme}/${report}?${queryOf(cut)}`;
          const [one, two] = [await often.api.get(path), await seldom.api.get(path)];
          expect(one.status, path).toBe(200);
          const { position, ...figures } = figuresOf(one.body);
          expect(figuresOf(two.body), path).toMatchObject(figures);
        }
      }
    }
  });

  test("any report is that of the events it counts, folded, and all its blocks agree", async () => {
    for (const { installation, api } of all) {
      const { simulation, store, now } = installation;
      const histories = await Promise.all(
        simulation.accounts.map(async (account) => ({ account, events: await eventsOf(store, account) })),
      );
      const positions = histories.flatMap(({ events }) => events.map(({ record }) => record.position)).sort();
      const random = new Random(seed + 1);
      const known = [undefined, ...Array.from({ length: 2 }, () => random.pick(positions))];
      for (const cut of cutsOf(random, now).flatMap((one) =>
        known.map((position) => ({ ...one, position })),
      ) as CutOf[]) {
        const { body } = await api.get(`one/outstanding?${queryOf(cut)}`);
        const lastInstant = cut.through === undefined ? (cut.asOf ?? now) : Date.parse(body.at) - 1;
        for (const block of body.currencies) {
          const own = histories
            .filter(
              ({ account }) => account.programme.code === "one" && account.currency.code === block.currency,
            )
            .map(({ account, events }) => countedEvents(account, events, cut));
          const ledger = ledgerOf(own.flat());
          const found = block.ledger.map((line: { account: string; balance: string }) => [
            line.account,
            line.balance,
          ]);
          expect(Object.fromEntries(found), queryOf(cut)).toEqual(ledger);
          const owed = own.map((events) => owedBy(events, lastInstant));
          for (const name of ["outstanding", "debt", "held", "pending"] as const) {
            const sum = owed.reduce((total, account) => total + account[name], 0n);
            expect([name, block[name]], queryOf(cut)).toEqual([name, String(sum)]);
          }
          const { heldPastExpiry, months } = block.expiry;
          const expiring = months.reduce(
            (sum: bigint, { points }: { points: string }) => sum + BigInt(points),
            0n,
          );
          expect(String(BigInt(heldPastExpiry) + expiring)).toBe(block.outstanding);
          expect(String(-BigInt(ledger["outstanding"] ?? "0"))).toBe(block.outstanding);
          expect(ledger["debt"] ?? "0").toBe(block.debt);
        }
      }
    }
  });

  test("a report of a position is the same before and after the sweep, only what is not swept is gone", async () => {
    const { installation, api } = all[1] as Lives;
    const { simulation } = installation;
    const cuts = cutsOf(new Random(seed + 2), installation.now);
    const asked = async () => {
      const answers = [];
      for (const cut of cuts)
        for (const report of REPORTS)
          answers.push((await api.get(`one/${report}?${queryOf({ ...cut, position })}`)).body);
      return answers;
    };
    const position = (await api.get("one/trial-balance")).body.cut.position;
    const before = await asked();
    for (const account of simulation.accounts) simulation.sweep(account);
    await simulation.settle();
    await installation.project();
    const after = await asked();
    expect(after.map(figuresOf)).toEqual(before.map(figuresOf));

    const [now, later] = [before[1], after[1]];
    const sumOf = (body: typeof now) =>
      body.currencies.reduce(
        (sum: bigint, { notSwept }: { notSwept: { expired: string } }) => sum + BigInt(notSwept.expired),
        0n,
      );
    expect(sumOf(now)).toBeGreaterThan(0n);
    expect(sumOf(later)).toBe(0n);
    const fresh = await api.get("one/outstanding");
    expect(figuresOf(fresh.body).currencies).toEqual(figuresOf(now).currencies);
  });
});
