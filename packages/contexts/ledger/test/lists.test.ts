import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { dateOf, eventsOf } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;
const CODE = "one";
const CURRENCIES = ["POINT", "STAR"] as const;

beforeAll(async () => {
  installation = await Installation.open(13);
  await installation.populate(60, 2_500, 130);
  for (const account of accountsOf("POINT").concat(accountsOf("STAR")))
    installation.simulation.sweep(account);
  await installation.simulation.settle();
  await installation.project();
  api = installation.api;
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

function accountsOf(currency: string): Account[] {
  return installation.simulation.accounts.filter(
    (account) => account.programme.code === CODE && account.currency.code === currency,
  );
}

/** Everything of a list, three at a time, and that it is what one page says. */
async function listed(list: string, currency: string, query = "") {
  // biome-ignore lint/suspicious/noExplicitAny: items of every shape
  const items: any[] = [];
  const path = `${CODE}/${list}?currency=${currency}${query}`;
  for (let cursor = ""; ; ) {
    const { status, body } = await api.get(`${path}&limit=3${cursor}`);
    expect(status, path).toBe(200);
    expect(body).toMatchObject({ programme: CODE, currency, parked: 0 });
    items.push(...body.items);
    if (body.next === undefined) break;
    cursor = `&cursor=${body.next}`;
  }
  expect((await api.get(`${path}&limit=1000`)).body.items).toEqual(items.slice(0, 1_000));
  return items;
}

async function outstanding(currency: string) {
  return (await api.get(`${CODE}/outstanding?currency=${currency}`)).body.currencies[0];
}

const sumOf = (items: readonly Record<string, string>[], name: string) =>
  String(items.reduce((sum, item) => sum + BigInt(item[name] ?? 0), 0n));

const byMember = (a: { member: string }, b: { member: string }) => (a.member < b.member ? -1 : 1);

describe.each(CURRENCIES)("of %s", (currency) => {
  test("debtors and those with waived points are the accounts that have them, and add up to the reports", async () => {
    const debtors = accountsOf(currency).filter(({ state }) => state.debt > 0n);
    expect(await listed("debtors", currency)).toEqual(
      debtors
        .map(({ member, state }) => ({ member, debt: String(state.debt), book: String(state.book) }))
        .sort(byMember),
    );
    expect(sumOf(await listed("debtors", currency), "debt")).toBe((await outstanding(currency)).debt);
    const waived = accountsOf(currency).flatMap(({ member, state }) => {
      const sum = [...state.waived].reduce((all, { amount }) => all + amount, 0n);
      return sum === 0n ? [] : [{ member, waived: String(sum), book: String(state.book) }];
    });
    expect(await listed("waived", currency)).toEqual(waived.sort(byMember));
  });

  test("open holds, and the lots that they keep past their expiry, are those of the accounts", async () => {
    const holds = await listed("holds", currency);
    const expected = accountsOf(currency).flatMap(({ member, state }) =>
      [...state.holds.values()].map(({ no, amount }) => ({ member, points: String(amount), no })),
    );
    expect(holds).toHaveLength(expected.length);
    for (const { member, points, no } of expected) {
      const found = holds.find(({ hold }) => hold === `${member}-${currency === "POINT" ? 1 : 2}-${no}`);
      expect(found).toMatchObject({ member, points });
    }
    const report = await outstanding(currency);
    expect(sumOf(holds, "points")).toBe(report.held);
    expect(sumOf(await listed("held-past-expiry", currency), "held")).toBe(report.expiry.heldPastExpiry);
  });

  test("postings of every ledger account are those of the events, and come to its balance", async () => {
    const { ledger } = await outstanding(currency);
    for (const { account, balance, postings } of ledger) {
      const all = await listed("postings", currency, `&account=${account}`);
      const debit = sumOf(
        all.filter((one) => one.debit === account),
        "points",
      );
      const credit = sumOf(
        all.filter((one) => one.credit === account),
        "points",
      );
      expect(String(BigInt(debit) - BigInt(credit)), account).toBe(balance);
      expect(all).toHaveLength(postings);
    }
  }, 60_000);
});

test("a posting names the line of the statement that it is of, and can be asked for by accounting day", async () => {
  const [from, to] = ["2026-03-10", "2026-04-15"];
  const found = await listed("postings", "POINT", `&account=expired&from=${from}&to=${to}`);
  const expected = [];
  for (const account of accountsOf("POINT")) {
    const events = await eventsOf(installation.store, account);
    for (const { record, event } of events) {
      const date = dateOf(account, event);
      if (event.type !== "PointsExpired" || date < from || date > to) continue;
      const { member } = account;
      expected.push({
        position: record.position,
        member,
        statementNo: record.revision,
        points: String(event.amount),
      });
    }
  }
  expected.sort((a, b) => (a.position > b.position ? -1 : 1));
  expect(found.length).toBeGreaterThan(3);
  expect(found).toMatchObject(expected);
});

test("a filter that a list does not know, and a cursor of another list, are refused", async () => {
  const refused = async (path: string) => (await api.get(`${CODE}/${path}`)).body.code;
  expect(await refused("debtors?currency=POINT&account=debt")).toBe("unknown_field");
  expect(await refused("postings?currency=POINT")).toBe("missing_field");
  expect(await refused("postings?currency=POINT&account=a%00b")).toBe("malformed_value");
  expect(await refused("holds?currency=POINT&limit=1001")).toBe("value_out_of_range");
  expect(await refused("holds?currency=POINT&cursor=WyJhIl0")).toBe("malformed_cursor");
  expect(await refused("holds?currency=GOLD")).toBe("currency_unknown");
  expect(await refused("holds")).toBe("missing_field");
});
