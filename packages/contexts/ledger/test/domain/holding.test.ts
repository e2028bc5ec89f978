import { at, DAY, HOUR, NOON, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { only, TestAccount } from "./support/account.ts";

const SECONDS_OF_DAY = 86_400;

describe("a hold", () => {
  test("posts nothing and takes the points out of what is available", () => {
    const account = new TestAccount();
    account.earn(100n);
    account.hold(40n);
    expect(account.balance()).toMatchObject({ book: 100n, available: 60n, held: 40n });
    expect(account.refusal({ type: "burn", points: 61n, redemption: "reward" })).toBe("insufficient_points");
  });

  test("survives the expiry of its lots until it ends", () => {
    const account = new TestAccount();
    account.earn(100n, { expiresAt: NOON + HOUR });
    account.hold(40n, SECONDS_OF_DAY);
    account.now += 2 * HOUR;
    expect(account.balance()).toMatchObject({ book: 100n, available: 0n, held: 40n, due: 60n });
    account.run({ type: "capture", hold: 1 });
    expect(account.balance()).toMatchObject({ book: 0n, held: 0n, due: 0n });
    expect(account.log.map((event) => event.type)).toEqual([
      "PointsEarned",
      "HoldPlaced",
      "PointsExpired",
      "HoldCaptured",
    ]);
  });

  test("is captured in burn order over its lots, and the rest is released", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: NOON + 2 * DAY });
    account.earn(10n, { expiresAt: NOON + DAY });
    account.earn(10n, { expiresAt: NOON + 3 * DAY });
    account.hold(25n);
    expect(only(account.run({ type: "capture", hold: 1, points: 12n }), "HoldCaptured")).toMatchObject({
      amount: 12n,
      takes: [
        { lot: 2, amount: 10n },
        { lot: 1, amount: 2n },
      ],
      released: [
        { lot: 1, amount: 8n },
        { lot: 3, amount: 5n },
      ],
    });
    expect(account.lots()).toEqual({ 1: 8n, 3: 10n });
    expect(account.balance()).toMatchObject({ available: 18n, held: 0n });
  });

  test("released from a dead lot expires at the release, on the day of the release", () => {
    const account = new TestAccount();
    account.earn(100n, { expiresAt: NOON + HOUR });
    account.hold(100n, 3 * SECONDS_OF_DAY);
    account.now += 2 * DAY;
    const events = account.run({ type: "capture", hold: 1, points: 30n });
    expect(only(events, "PointsExpired")).toMatchObject({
      amount: 70n,
      occurredAt: NOON + HOUR,
      effectiveAt: NOON + 2 * DAY,
      accountingDate: "2026-03-04",
      book: 0n,
    });
  });

  test("captured to nothing releases everything", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(10n);
    const [capture] = account.run({ type: "capture", hold: 1, points: 0n });
    expect(capture).toMatchObject({ type: "HoldCaptured", amount: 0n, takes: [], book: 10n });
    expect(account.balance()).toMatchObject({ available: 10n, held: 0n });
  });

  test("is over at its timeout, sweep or not", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(10n, 60);
    account.now = NOON + 60_000 - 1;
    expect(account.balance()).toMatchObject({ available: 0n, held: 10n });
    account.now = NOON + 60_000;
    expect(account.balance()).toMatchObject({ available: 10n, held: 0n });
    expect(account.refusal({ type: "capture", hold: 1 })).toBe("hold_closed");
    expect(account.burn(10n).map((event) => event.type)).toEqual(["HoldTimedOut", "PointsBurned"]);
  });

  test("that ends in the instant in which its lot dies gives nothing back", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: at("2026-03-03T00:00+07:00") });
    account.hold(4n, (at("2026-03-03T00:00+07:00") - NOON) / 1000);
    account.now = at("2026-03-03T00:00+07:00");
    const events = account.sweep();
    expect(events.map((event) => event.type)).toEqual(["HoldTimedOut", "PointsExpired"]);
    expect(only(events, "PointsExpired")).toMatchObject({ amount: 10n, accountingDate: "2026-03-02" });
    expect(account.balance().book).toBe(0n);
  });

  test("that timed out before a capture that is told late is over all the same", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(10n, 60);
    account.now += HOUR;
    expect(account.refusal({ type: "capture", hold: 1, occurredAt: NOON + 1 })).toBe("hold_closed");
  });

  test("is captured once", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(10n);
    account.run({ type: "capture", hold: 1, points: 4n });
    expect(account.refusal({ type: "capture", hold: 1 })).toBe("hold_closed");
    expect(account.refusal({ type: "void", hold: 1 })).toBe("hold_closed");
  });

  test("voided gives everything back", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.hold(10n);
    expect(account.run({ type: "void", hold: 1 })).toMatchObject([
      { type: "HoldVoided", released: [{ lot: 1, amount: 10n }] },
    ]);
    expect(account.balance()).toMatchObject({ available: 10n, held: 0n });
  });

  test("lasts as long as it asks, or as the currency says", () => {
    const account = new TestAccount({ settings: { holdTimeoutSeconds: 120 } });
    account.earn(10n);
    expect(only(account.hold(1n), "HoldPlaced").timeoutAt).toBe(NOON + 120_000);
    expect(only(account.hold(1n, 7 * SECONDS_OF_DAY), "HoldPlaced").timeoutAt).toBe(NOON + 7 * DAY);
  });

  test("lasts as long as is allowed now, however far back it is dated", () => {
    const shortened = settingsPublished({ maxHoldTimeoutSeconds: 60, holdTimeoutSeconds: 60 }, 2, NOON + DAY);
    const account = new TestAccount({ more: [shortened] });
    account.earn(10n);
    account.now = NOON + DAY;
    const hold = { type: "hold", points: 1n, redemption: "reward", occurredAt: NOON } as const;
    expect(account.refusal({ ...hold, timeoutSeconds: 61 })).toBe("hold_timeout_too_long");
    expect(account.refusal({ ...hold, timeoutSeconds: 60 })).toBeUndefined();
  });

  test("ends no earlier in effect than what it touches", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.run({ type: "hold", points: 4n, redemption: "reward", occurredAt: NOON + 240_000 });
    account.run({ type: "burn", points: 4n, redemption: "reward", occurredAt: NOON + 300_000 });
    const [capture] = account.run({ type: "capture", hold: 1 });
    expect(capture).toMatchObject({ occurredAt: NOON, effectiveAt: NOON + 300_000 });
  });
});
