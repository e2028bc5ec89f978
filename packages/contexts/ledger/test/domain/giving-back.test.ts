import { at, DAY, HOUR, NOON } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { keyNamed, only, TestAccount } from "./support/account.ts";

const graceOf = (days: number) => ({ settings: { returnGraceDays: days } });

describe("a refunded burn", () => {
  test("returns the points to the lots they came from, last consumed first", () => {
    const account = new TestAccount();
    for (const days of [1, 2, 3]) account.earn(10n, { expiresAt: NOON + days * DAY });
    account.burn(25n, "burn");
    const restored = (points: bigint) => only(account.returnOf("burn", { points }), "BurnReversed").restored;
    expect(restored(7n)).toMatchObject([
      { lot: 3, amount: 5n },
      { lot: 2, amount: 2n },
    ]);
    expect(restored(9n)).toMatchObject([
      { lot: 2, amount: 8n },
      { lot: 1, amount: 1n },
    ]);
    expect(only(account.returnOf("burn"), "BurnReversed").restored).toMatchObject([{ lot: 1, amount: 9n }]);
    expect(account.lots()).toEqual({ 1: 10n, 2: 10n, 3: 10n });
  });

  test("is given back once in all", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.burn(10n, "burn");
    account.returnOf("burn", { points: 6n });
    const refund = (by: { points: bigint } | { all: true }) =>
      account.refusal({ type: "reverse", origin: keyNamed("burn"), by, reason: "r" });
    expect(refund({ points: 5n })).toBe("reversal_exceeds_origin");
    account.returnOf("burn");
    expect(refund({ all: true })).toBe("reversal_exceeds_origin");
    expect(account.balance().available).toBe(10n);
  });

  test("whose lot is dead expires at once where there is no grace", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: NOON + HOUR });
    account.burn(10n, "burn");
    account.now += DAY;
    const events = account.returnOf("burn");
    expect(events.map((event) => event.type)).toEqual(["BurnReversed", "PointsExpired"]);
    expect(only(events, "PointsExpired")).toMatchObject({
      amount: 10n,
      effectiveAt: NOON + DAY,
      accountingDate: "2026-03-03",
    });
    expect(account.balance().book).toBe(0n);
  });

  test("whose lot is dead lives on in a replacement for the days of grace, as old as it was", () => {
    const account = new TestAccount(graceOf(30));
    account.earn(10n, { expiresAt: NOON + HOUR });
    account.earn(10n);
    account.burn(15n, "burn");
    account.now = NOON + 40 * DAY;
    expect(only(account.returnOf("burn"), "BurnReversed")).toMatchObject({
      amount: 15n,
      book: 20n,
      restored: [{ lot: 2, amount: 5n }],
      replacements: [
        {
          no: 3,
          amount: 10n,
          availableFrom: NOON + 40 * DAY,
          expiresAt: at("2026-05-12T00:00+07:00"),
          earnedAt: NOON,
          vintage: "2026-03",
          replaces: 1,
        },
      ],
    });
    expect(account.balance().available).toBe(20n);
    expect(account.balance(at("2026-05-12T00:00+07:00")).available).toBe(10n);
  });

  test("is replaced too where inactivity killed its lot, and the deadline makes way for the grace", () => {
    const inactivity = { count: 10, unit: "days" } as const;
    const account = new TestAccount({ settings: { returnGraceDays: 5, inactivity } });
    account.earn(10n);
    account.burn(10n, "burn");
    account.now += 20 * DAY;
    account.returnOf("burn");
    expect(account.balance().available).toBe(10n);
    expect(account.balance(account.now + 5 * DAY).available).toBe(10n);
    expect(account.balance(account.now + 6 * DAY).available).toBe(0n);
  });

  test("that was given to a replacement cannot be given back a second time to its lot", () => {
    const account = new TestAccount(graceOf(1));
    account.earn(10n, { expiresAt: NOON + HOUR });
    account.burn(10n, "burn");
    account.now += DAY;
    account.returnOf("burn", { points: 4n });
    account.returnOf("burn");
    expect(account.lots()).toEqual({ 2: 4n, 3: 6n });
  });

  test("that expired in its replacement was not spent: the return of its sale forgives it and makes no debt", () => {
    const account = new TestAccount(graceOf(2));
    account.earn(10n, { key: keyNamed("sale"), expiresAt: NOON + HOUR });
    account.burn(10n, "burn");
    account.now += 10 * DAY;
    account.returnOf("burn");
    account.burn(3n);
    account.now += 10 * DAY;
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      origins: [{ own: 0n, spent: 3n, expired: 7n }],
      debt: 3n,
    });
  });

  test("that died in a replacement of a replacement still goes back to the sale that earned it", () => {
    const account = new TestAccount(graceOf(2));
    account.earn(10n, { key: keyNamed("sale"), expiresAt: NOON + HOUR });
    account.burn(10n, "first");
    account.now += 10 * DAY;
    account.returnOf("first");
    account.burn(10n, "second");
    account.now += 10 * DAY;
    expect(only(account.returnOf("second"), "BurnReversed").replacements).toMatchObject([
      { no: 3, replaces: 1 },
    ]);
    account.now += 10 * DAY;
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      debt: 0n,
      origins: [{ expired: 10n }],
    });
  });

  test("repays debt first", () => {
    const account = new TestAccount();
    account.earn(10n, { key: keyNamed("sale") });
    account.burn(10n, "burn");
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 10n });
    account.returnOf("burn");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("and a returned sale come out alike in either order", () => {
    const ends = [
      ["sale", "burn"],
      ["burn", "sale"],
    ].map((order) => {
      const account = new TestAccount();
      account.earn(10n, { key: keyNamed("sale") });
      account.earn(5n);
      account.burn(12n, "burn");
      for (const id of order) account.returnOf(id);
      return account.balance();
    });
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]).toMatchObject({ available: 5n, debt: 0n });
  });

  test("gives back no points twice that a return had taken from another lot", () => {
    const account = new TestAccount();
    account.earn(10n, { key: keyNamed("a") });
    account.burn(10n, "burn");
    account.earn(10n, { key: keyNamed("b") });
    account.returnOf("a");
    account.returnOf("burn");
    expect(account.balance()).toMatchObject({ available: 10n, debt: 0n });
    account.returnOf("b");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("may be a capture; what the capture released is not part of it", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(8n);
    account.run({ type: "capture", hold: 1, points: 5n, key: keyNamed("capture") });
    expect(only(account.returnOf("capture"), "BurnReversed")).toMatchObject({
      amount: 5n,
      redemption: "reward",
    });
    expect(account.balance().available).toBe(10n);
  });
});
