import { MAX_AMOUNT, type Rounding, round } from "@taem/kernel";
import type { EarnRule } from "@taem/programme/events";
import { at, HOUR, NOON, rulePublished } from "@taem/programme/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { only, TestAccount } from "./support/account.ts";

describe("rounding", () => {
  test.each<[mode: Rounding, halves: bigint, rounded: bigint]>([
    ["down", 5n, 2n],
    ["up", 5n, 3n],
    ["half_up", 5n, 3n],
    ["half_up", 3n, 2n],
    ["half_even", 5n, 2n],
    ["half_even", 3n, 2n],
    ["half_even", 1n, 0n],
    ["up", 4n, 2n],
    ["half_up", 4n, 2n],
  ])("%s makes of %d/2 the integer %d", (mode, halves, rounded) => {
    expect(round(halves, 2n, mode).rounded).toBe(rounded);
  });

  test.each<[mode: Rounding, thirds: bigint, rounded: bigint]>([
    ["down", 5n, 1n],
    ["up", 4n, 2n],
    ["half_up", 4n, 1n],
    ["half_up", 5n, 2n],
    ["half_even", 5n, 2n],
    ["half_even", 4n, 1n],
  ])("%s makes of %d/3 the integer %d", (mode, thirds, rounded) => {
    expect(round(thirds, 3n, mode).rounded).toBe(rounded);
  });

  test("says exactly what is left, and never moves by a whole unit", () => {
    const big = fc.bigInt({ min: 0n, max: MAX_AMOUNT * MAX_AMOUNT });
    const modes = fc.constantFrom<Rounding>("down", "up", "half_up", "half_even");
    fc.assert(
      fc.property(big, fc.bigInt({ min: 1n, max: MAX_AMOUNT }), modes, (numerator, denominator, mode) => {
        const { rounded, rest } = round(numerator, denominator, mode);
        expect(rounded * denominator + rest.numerator).toBe(numerator);
        expect(rest.denominator).toBe(denominator);
        const size = rest.numerator < 0n ? -rest.numerator : rest.numerator;
        expect(size).toBeLessThan(denominator);
        if (mode.startsWith("half")) expect(2n * size).toBeLessThanOrEqual(denominator);
      }),
      { numRuns: 500 },
    );
  });
});

const priced = (rule: Partial<EarnRule>, spend: bigint) => {
  const account = new TestAccount({ rules: { spend: rule } });
  return only(account.spend(spend), "PointsEarned");
};

describe("a spend earns", () => {
  test.each<[fact: string, rule: Partial<EarnRule>, spend: bigint, points: bigint, limitedBy?: string]>([
    ["points for every step of money", { per: 2_500n, points: 1n }, 10_000n, 4n],
    ["nothing for what does not fill a step", { per: 2_500n, points: 1n }, 2_499n, 0n],
    ["several points a step", { per: 100n, points: 3n }, 250n, 7n],
    ["nothing below the minimum", { minimumSpend: 5_000n }, 4_999n, 0n, "minimum"],
    ["all of it at the minimum", { minimumSpend: 5_000n }, 5_000n, 50n],
    ["no more than the cap of an order", { maxPerOrder: 10n }, 5_000n, 10n, "order_cap"],
    ["exactly the cap, and says no limit", { maxPerOrder: 50n }, 5_000n, 50n],
    ["no more than the cap of the day", { maxPerDay: 10n }, 5_000n, 10n, "day_cap"],
    ["the lower of both caps (order)", { maxPerOrder: 10n, maxPerDay: 20n }, 5_000n, 10n, "order_cap"],
    ["the lower of both caps (day)", { maxPerOrder: 20n, maxPerDay: 10n }, 5_000n, 10n, "day_cap"],
    ["nothing for nothing", {}, 0n, 0n],
  ])("%s", (_, rule, spend, points, limitedBy) => {
    const { lot, basis } = priced(rule, spend);
    expect(lot.amount).toBe(points);
    expect(basis?.limitedBy).toBe(limitedBy);
  });

  test("the exact fraction that rounding left is in the event, negative when rounded up", () => {
    expect(priced({ per: 7n, points: 3n }, 10n).basis?.fraction).toEqual({ numerator: 2n, denominator: 7n });
    expect(priced({ per: 7n, points: 3n, rounding: "up" }, 10n).basis?.fraction).toEqual({
      numerator: -5n,
      denominator: 7n,
    });
  });

  test("what a cap cut off is no fraction", () => {
    expect(priced({ per: 7n, maxPerOrder: 1n }, 20n).basis?.fraction).toEqual({
      numerator: 0n,
      denominator: 1n,
    });
  });

  test("at most the day's cap over all orders of one local day, and afresh on the next", () => {
    const account = new TestAccount({ rules: { spend: { maxPerDay: 100n } } });
    account.now = at("2026-03-02T23:00+07:00");
    const earned = (spend: bigint) => only(account.spend(spend), "PointsEarned").lot.amount;
    expect(earned(7_000n)).toBe(70n);
    expect(earned(7_000n)).toBe(30n);
    expect(earned(7_000n)).toBe(0n);
    account.now = at("2026-03-03T00:00+07:00");
    expect(earned(7_000n)).toBe(70n);
  });

  test("the cap of the day of the sale, not of the day on which it becomes known", () => {
    const account = new TestAccount({ rules: { spend: { maxPerDay: 100n } } });
    account.spend(10_000n);
    account.now += 48 * HOUR;
    expect(only(account.spend(10_000n), "PointsEarned").lot.amount).toBe(100n);
    const late = only(account.spend(10_000n, { occurredAt: NOON + HOUR }), "PointsEarned");
    expect(late.lot.amount).toBe(0n);
    expect(late.basis).toMatchObject({ limitedBy: "day_cap", capDay: "2026-03-02" });
  });

  test("a return does not give the day's room back, so buying and returning all day earns no more than a day", () => {
    const account = new TestAccount({ rules: { spend: { maxPerDay: 100n } } });
    account.spend(10_000n, { key: { system: "pos", id: "sale", leg: "main" } });
    account.returnOf("sale");
    expect(only(account.spend(10_000n), "PointsEarned").lot.amount).toBe(0n);
    expect(account.balance().book).toBe(0n);
  });

  test("by the version of the rule at the time of the sale, and records which", () => {
    const account = new TestAccount({
      more: [rulePublished("spend", { points: 5n }, 2, NOON + HOUR)],
    });
    account.now = NOON + 2 * HOUR;
    expect(only(account.spend(100n), "PointsEarned")).toMatchObject({
      lot: { amount: 5n },
      basis: { rule: "spend", version: 2 },
    });
    expect(only(account.spend(100n, { occurredAt: NOON }), "PointsEarned")).toMatchObject({
      lot: { amount: 1n },
      basis: { version: 1 },
    });
  });

  test("points that are pending until the rule says", () => {
    const account = new TestAccount({ rules: { spend: { pendingSeconds: 3_600 } } });
    account.spend(10_000n);
    expect(account.balance()).toMatchObject({ available: 0n, pending: 100n });
    expect(account.balance(NOON + HOUR - 1)).toMatchObject({ available: 0n, pending: 100n });
    expect(account.balance(NOON + HOUR)).toMatchObject({ available: 100n, pending: 0n });
  });
});
