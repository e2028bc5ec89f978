import { DAY, HOUR, NOON, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { keyNamed, only, TestAccount } from "./support/account.ts";

const sale = { key: keyNamed("sale") };

describe("debt", () => {
  test("is repaid by whatever becomes available, before the member can spend it", () => {
    const account = new TestAccount();
    account.earn(100n, sale);
    account.burn(100n);
    account.returnOf("sale");
    expect(account.earn(30n).map((event) => event.type)).toEqual(["PointsEarned", "DebtRepaid"]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 70n });
    account.run({ type: "adjust", direction: "credit", points: 30n, reason: "goodwill" });
    expect(account.balance()).toMatchObject({ book: 0n, debt: 40n });
    account.run({
      type: "receive_transfer",
      transfer: "t",
      from: "m-2",
      effectiveAt: NOON,
      lots: [{ no: 1, amount: 50n, availableFrom: NOON, earnedAt: NOON, vintage: "2026-03" }],
    });
    expect(account.balance()).toMatchObject({ book: 10n, available: 10n, debt: 0n });
  });

  test("is repaid by pending points in the instant in which they become available", () => {
    const account = new TestAccount({ rules: { spend: { pendingSeconds: 3_600 } } });
    account.earn(100n, sale);
    account.burn(100n);
    account.returnOf("sale");
    account.spend(6_000n);
    expect(account.balance()).toMatchObject({ pending: 60n, debt: 100n });
    expect(account.balance(NOON + HOUR)).toMatchObject({ book: 60n, due: 60n, pending: 0n, debt: 40n });
    account.now += DAY;
    expect(account.sweep()).toMatchObject([{ type: "DebtRepaid", amount: 60n, effectiveAt: NOON + HOUR }]);
  });

  test("is restored when the credit that repaid it is reversed", () => {
    const account = new TestAccount();
    account.earn(40n, { key: keyNamed("first") });
    account.burn(40n);
    account.returnOf("first");
    account.earn(100n, sale);
    expect(account.balance()).toMatchObject({ available: 60n, debt: 0n });
    const reversals = [80n, 20n].map((points) => only(account.returnOf("sale", { points }), "EarnReversed"));
    expect(reversals.map(({ origins: [origin] }) => [origin?.own, origin?.restored])).toEqual([
      [60n, 20n],
      [0n, 20n],
    ]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 40n });
  });

  test("that was restored is repaid by the next credit, and is not restored twice", () => {
    const account = new TestAccount();
    account.earn(40n, { key: keyNamed("first") });
    account.burn(40n);
    account.returnOf("first");
    account.earn(100n, sale);
    account.returnOf("sale", { points: 80n });
    account.earn(20n);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 20n });
  });

  test("stands beside what is owed to the member and is never netted against it", () => {
    const account = new TestAccount();
    account.earn(100n, sale);
    account.hold(100n);
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 100n, held: 100n, debt: 100n });
  });

  test("is restored whatever the policy has become since", () => {
    const account = new TestAccount({
      more: [settingsPublished({ clawback: "within_balance" }, 2, NOON + HOUR)],
    });
    account.earn(40n, { key: keyNamed("first") });
    account.burn(40n);
    account.returnOf("first");
    account.earn(100n, sale);
    account.burn(60n);
    account.now += 2 * HOUR;
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      origins: [{ restored: 40n, spent: 60n, waived: 60n }],
      debt: 40n,
      policy: "within_balance",
    });
    expect(account.balance()).toMatchObject({ book: 0n, debt: 40n });
  });

  test("restored while other points are available is repaid by them at once", () => {
    const account = new TestAccount();
    account.earn(40n, { key: keyNamed("first") });
    account.burn(40n);
    account.returnOf("first");
    account.earn(40n, sale);
    account.earn(25n);
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 15n });
  });

  test("is effective no earlier than the debt that it adds to", () => {
    const account = new TestAccount();
    account.earn(10n, { key: keyNamed("first") });
    account.earn(10n, { ...sale, expiresAt: NOON + DAY });
    account.burn(20n);
    const reverse = (id: string, occurredAt: number) =>
      account.run({ type: "reverse", origin: keyNamed(id), by: { all: true }, reason: "r", occurredAt });
    reverse("first", NOON + 300_000);
    expect(reverse("sale", NOON)).toMatchObject([{ debt: 10n, effectiveAt: NOON + 300_000 }]);
  });

  test("is not repaid by a credit that is over in the instant in which it begins", () => {
    const account = new TestAccount();
    account.earn(10n, sale);
    account.burn(10n);
    account.returnOf("sale");
    const events = account.earn(10n, { expiresAt: NOON });
    expect(events.map((event) => event.type)).toEqual(["PointsEarned", "PointsExpired"]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 10n });
  });

  test("is repaid by the points that are first in burn order, only as far as it goes", () => {
    const account = new TestAccount();
    account.earn(10n, sale);
    account.burn(10n);
    account.returnOf("sale");
    const lots = [DAY, HOUR].map((life, i) => ({
      no: i + 1,
      amount: 7n,
      availableFrom: NOON,
      earnedAt: NOON,
      vintage: "2026-03",
      expiresAt: NOON + life,
    }));
    account.run({ type: "receive_transfer", transfer: "t", from: "m-2", effectiveAt: NOON, lots });
    expect(account.lots()).toEqual({ 2: 4n });
  });

  test("is repaid by what a hold sets free too late to be spent, before what begins in the same instant", () => {
    const account = new TestAccount({ rules: { spend: { pendingSeconds: 3_600 } } });
    account.earn(10n, sale);
    account.burn(10n);
    account.earn(6n, { expiresAt: NOON + HOUR });
    account.hold(6n, 3_600);
    account.returnOf("sale");
    account.spend(900n);
    account.now += DAY;
    expect(account.sweep()).toMatchObject([
      { type: "HoldTimedOut", effectiveAt: NOON + HOUR },
      { type: "DebtRepaid", amount: 6n, effectiveAt: NOON + HOUR },
      { type: "DebtRepaid", amount: 4n, effectiveAt: NOON + HOUR },
    ]);
    expect(account.balance()).toMatchObject({ book: 5n, debt: 0n });
  });

  test("is repaid by what comes back to a dead lot; the rest of it expires", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.hold(100n, 604_800);
    account.returnOf("sale", { points: 60n });
    account.now += 2 * DAY;
    expect(account.run({ type: "void", hold: 1 })).toMatchObject([
      { type: "HoldVoided" },
      { type: "DebtRepaid", amount: 60n, book: 40n },
      { type: "PointsExpired", amount: 40n, book: 0n },
    ]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("is repaid by a burn that is refunded after its lot has died", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.run({ type: "burn", points: 100n, redemption: "reward", key: keyNamed("burn") });
    account.returnOf("sale");
    account.now += 2 * DAY;
    const events = account.returnOf("burn");
    expect(events.map((event) => event.type)).toEqual(["BurnReversed", "DebtRepaid"]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("does not come again for what expired, once a refund has paid for what was spent", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.run({ type: "burn", points: 40n, redemption: "reward", key: keyNamed("burn") });
    account.now += 2 * DAY;
    account.returnOf("sale", { points: 70n });
    expect(account.balance()).toMatchObject({ debt: 40n });
    account.returnOf("burn");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
    expect(only(account.returnOf("sale"), "EarnReversed").origins).toMatchObject([{ expired: 30n }]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("is repaid at once by points whose sale lies ahead of the clock, before they can be spent", () => {
    const account = new TestAccount();
    account.earn(100n, sale);
    account.burn(100n);
    account.returnOf("sale");
    account.earn(100n, { occurredAt: NOON + 200_000 });
    expect(account.balance()).toMatchObject({ book: 0n, available: 0n, debt: 0n });
  });
});
