import { describe, expect, it } from "vitest";
import { rules } from "../src/definitions.ts";
import { Account } from "../src/model/account.ts";
import { Books } from "../src/model/books.ts";
import {
  adjust,
  burn,
  capture,
  DailyEarnings,
  earn,
  type Held,
  placeHold,
  priceOf,
  type Redeemed,
  transfer,
  voidHold,
} from "../src/model/commands.ts";
import { giveBack, RecentEarns, reverseSale, reverseUnreferenced } from "../src/model/returns.ts";

/** Worked by hand; the second opinion that the ledger is checked against must be right by itself. */

const at = (text: string) => Date.parse(`${text}+07:00`);
const when = (now: string, occurredAt = now) => ({ now: at(now), occurredAt: at(occurredAt) });

function open() {
  const books = new Books();
  const account = new Account("POINT", books);
  const earnings = new DailyEarnings();
  const sell = (baht: number, day: string) => {
    const sale = { rule: "base", spend: BigInt(baht * 100), system: "pos" } as const;
    return earn(account, earnings, sale, when(`${day}T12:00:00`));
  };
  return { books, account, sell };
}

describe("a sale", () => {
  it("earns a point for 25 baht, the rest cut off, nothing below 50 baht", () => {
    expect(priceOf(rules.base, 4_999n, 0n)).toBe(0n);
    expect(priceOf(rules.base, 5_000n, 0n)).toBe(2n);
    expect(priceOf(rules.base, 7_499n, 0n)).toBe(2n);
  });

  it("earns half a point up on marketplaces", () => {
    expect(priceOf(rules.online, 2_499n, 0n)).toBe(0n);
    expect(priceOf(rules.online, 2_500n, 0n)).toBe(1n);
    expect(priceOf(rules.online, 7_500n, 0n)).toBe(2n);
  });

  it("earns at most the order's cap and what is left of the day's", () => {
    expect(priceOf(rules.base, 6_000_000n, 0n)).toBe(2_000n);
    expect(priceOf(rules.base, 6_000_000n, 1_000n)).toBe(1_500n);
    expect(priceOf(rules.base, 6_000_000n, 2_600n)).toBe(0n);
  });

  it("gives points that wait three days and live to the end of the third month after", () => {
    const { account, sell } = open();
    sell(2_500, "2026-01-31");
    account.settle(at("2026-02-03T11:59:59"));
    expect(account.balance(at("2026-02-03T11:59:59"))).toMatchObject({ available: 0n, pending: 100n });
    expect(account.balance(at("2026-02-03T12:00:00"))).toMatchObject({ available: 100n, pending: 0n });
    account.settle(at("2026-04-30T23:59:59"));
    expect(account.balance(at("2026-04-30T23:59:59")).available).toBe(100n);
    account.settle(at("2026-05-01T00:00:00"));
    expect(account.balance(at("2026-05-01T00:00:00")).available).toBe(0n);
  });
});

describe("a return", () => {
  it("of 100 points, 40 burnt and 60 expired, leaves a debt of 40", () => {
    const { account, sell, books } = open();
    const lot = sell(2_500, "2026-01-10");
    burn(account, 40n, "discount", when("2026-02-01T12:00:00"));
    const outcome = reverseSale(account, lot, { all: true }, when("2026-06-01T12:00:00"));
    expect(outcome).toEqual({ points: 100n });
    expect(account.debt).toBe(40n);
    expect(Object.fromEntries(books.trialBalance("POINT"))).toEqual({
      debt: 40n,
      expired: -60n,
      "issuance:pos": 60n,
      "redemption:discount": -40n,
    });
  });

  it("in parts takes exactly the whole", () => {
    const { account, sell } = open();
    const lot = sell(1_000, "2026-01-10");
    const parts = [33_333n, 33_333n, 33_334n].map((spend) =>
      reverseSale(account, lot, { spend }, when("2026-01-20T12:00:00")),
    );
    expect(parts).toEqual([{ points: 13n }, { points: 13n }, { points: 14n }]);
    expect(reverseSale(account, lot, { spend: 1n }, when("2026-01-21T12:00:00"))).toEqual({
      refused: "refund_exceeds_sale",
    });
    expect(reverseSale(account, lot, { all: true }, when("2026-01-21T12:00:00"))).toEqual({
      refused: "reversal_exceeds_origin",
    });
  });

  it("leaves debt that the next earn repays once it is available, and that comes back with that earn's return", () => {
    const { account, sell } = open();
    const first = sell(2_500, "2026-01-01");
    burn(account, 100n, "discount", when("2026-01-10T12:00:00"));
    reverseSale(account, first, { all: true }, when("2026-01-11T12:00:00"));
    const second = sell(1_500, "2026-01-12");
    account.settle(at("2026-01-15T11:59:59"));
    expect(account.debt).toBe(100n);
    account.settle(at("2026-01-15T12:00:00"));
    expect(account.debt).toBe(40n);
    reverseSale(account, second, { all: true }, when("2026-01-16T12:00:00"));
    expect(account.debt).toBe(100n);
  });

  it("without a sale takes the newest earns first", () => {
    const { account, sell } = open();
    const recent = new RecentEarns();
    const [older, newer] = [sell(1_000, "2026-01-01"), sell(500, "2026-01-02")];
    for (const lot of [newer, older]) recent.add(lot);
    reverseUnreferenced(account, recent, 30n, when("2026-01-10T12:00:00"));
    expect([older.remaining, newer.remaining]).toEqual([30n, 0n]);
  });
});

describe("a hold", () => {
  it("outlives its points' expiry; what it releases then expires at the release", () => {
    const { account, sell, books } = open();
    sell(2_500, "2026-01-10");
    const { hold } = placeHold(account, 60n, when("2026-04-30T12:00:00")) as Held;
    const redeemed = capture(account, hold, 50n, "voucher", when("2026-05-02T12:00:00"));
    expect(redeemed).toMatchObject({ points: 50n });
    expect(account.balance(at("2026-05-02T12:00:00"))).toMatchObject({ available: 0n, held: 0n });
    expect(books.trialBalance("POINT").get("expired")).toBe(-50n);
  });

  it("is over at its timeout, whoever comes later", () => {
    const { account, sell } = open();
    sell(2_500, "2026-01-10");
    const { hold } = placeHold(account, 60n, when("2026-02-01T12:00:00")) as Held;
    expect(voidHold(account, hold, when("2026-02-04T12:00:00"))).toEqual({ refused: "hold_closed" });
    expect(account.balance(at("2026-02-04T12:00:00")).available).toBe(100n);
  });
});

describe("other ways of points", () => {
  it("give a burn back to the lots it came from, last consumed first, and for two weeks where they have died", () => {
    const { account, sell } = open();
    const [january, february] = [sell(1_000, "2026-01-10"), sell(1_000, "2026-02-10")];
    const redeemed = burn(account, 60n, "discount", when("2026-03-01T12:00:00")) as Redeemed;
    const refundable = { redeemed, givenBack: 0n };
    giveBack(account, refundable, { points: 25n }, when("2026-05-10T12:00:00"));
    expect([january.remaining, february.remaining]).toEqual([0n, 40n]);
    expect(account.balance(at("2026-05-10T12:00:00")).available).toBe(45n);
    account.settle(at("2026-05-24T23:59:59"));
    expect(account.balance(at("2026-05-24T23:59:59")).available).toBe(45n);
    account.settle(at("2026-05-25T00:00:00"));
    expect(account.balance(at("2026-05-25T00:00:00")).available).toBe(40n);
  });

  it("keep their expiry through a transfer", () => {
    const { account, sell, books } = open();
    const relative = new Account("POINT", books);
    sell(1_000, "2026-01-10");
    expect(transfer(account, relative, 40n, when("2026-02-01T12:00:00"))).toEqual({ points: 40n });
    expect(transfer(account, relative, 1n, when("2026-02-01T12:00:00"))).toEqual({
      refused: "insufficient_points",
    });
    expect(transfer(account, account, 1n, when("2026-02-01T12:00:00"))).toEqual({
      refused: "transfer_to_self",
    });
    relative.settle(at("2026-05-01T00:00:00"));
    expect(relative.balance(at("2026-05-01T00:00:00")).available).toBe(0n);
    expect(books.trialBalance("POINT").has("clearing:transfer")).toBe(false);
  });

  it("are written off at most as far as they are owed", () => {
    const { account } = open();
    const writeOff = { direction: "write_off", points: 1n, reason: "bad-debt" } as const;
    expect(adjust(account, writeOff, when("2026-02-01T12:00:00"))).toEqual({ refused: "no_debt" });
  });
});
