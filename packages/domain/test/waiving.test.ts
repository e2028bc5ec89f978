import { describe, expect, test } from "vitest";
import { postingsOf } from "../src/index.ts";
import { keyNamed, only, TestAccount } from "./support/account.ts";
import { DAY, HOUR, NOON } from "./support/programme.ts";

const sale = { key: keyNamed("sale") };

function underWithinBalance(grace = 0): TestAccount {
  return new TestAccount({ settings: { clawback: "within_balance", returnGraceDays: grace } });
}

const burnAll = (account: TestAccount, points: bigint, id = "burn") =>
  account.run({ type: "burn", points, redemption: "reward", key: keyNamed(id) });

describe("what a return waived, as it was held or spent, is taken when it comes back", () => {
  test("with a hold that is voided", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.hold(100n);
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ held: 100n, debt: 0n });
    const events = account.run({ type: "void", hold: 1 });
    const recovered = only(events, "WaiverRecovered");
    expect(recovered).toMatchObject({
      amount: 100n,
      book: 0n,
      takes: [{ lot: 1, amount: 100n }],
      returns: [{ lot: 1, source: "pos", unreferenced: false, amount: 100n }],
    });
    expect(postingsOf(recovered)).toEqual([
      { account: "outstanding", amount: 100n },
      { account: "issuance:pos", amount: -100n },
    ]);
    expect(account.balance()).toMatchObject({ book: 0n, available: 0n });
  });

  test("with a hold that times out, whether or not the sweep has run", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.hold(100n, 3_600);
    account.returnOf("sale");
    expect(account.balance(NOON + HOUR)).toMatchObject({ book: 100n, available: 0n, due: 100n });
    account.now += HOUR;
    expect(account.sweep().map((event) => event.type)).toEqual(["HoldTimedOut", "WaiverRecovered"]);
  });

  test("with what a capture leaves of its hold, and with what was captured when that is refunded", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.hold(100n);
    account.returnOf("sale");
    account.run({ type: "capture", hold: 1, points: 70n, key: keyNamed("capture") });
    expect(account.balance()).toMatchObject({ book: 0n });
    expect(only(account.returnOf("capture"), "WaiverRecovered").amount).toBe(70n);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("with a burn that is refunded in parts, as far as it was waived", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.earn(100n);
    burnAll(account, 150n);
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n });
    account.returnOf("burn", { points: 30n });
    expect(account.balance()).toMatchObject({ book: 0n });
    account.returnOf("burn");
    expect(account.balance()).toMatchObject({ book: 100n, available: 100n });
  });

  test("out of points of other sales too", () => {
    const account = underWithinBalance();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.earn(500n);
    burnAll(account, 100n);
    account.hold(500n);
    account.returnOf("sale");
    account.run({ type: "void", hold: 1 });
    expect(account.balance()).toMatchObject({ book: 400n });
  });

  test("out of a replacement, where the lot has died", () => {
    const account = underWithinBalance(7);
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    burnAll(account, 100n);
    account.returnOf("sale", { points: 60n });
    account.now += 2 * DAY;
    account.returnOf("burn");
    expect(account.balance()).toMatchObject({ book: 40n, available: 40n });
  });
});

describe("what a return waived is not taken", () => {
  test("from points that came later, nor from holds and burns that began later", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    burnAll(account, 100n);
    account.returnOf("sale");
    account.earn(300n);
    account.hold(100n);
    account.run({ type: "void", hold: 1 });
    burnAll(account, 50n, "later");
    account.returnOf("later");
    expect(account.balance()).toMatchObject({ book: 300n, available: 300n });
  });

  test("twice", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.earn(100n);
    account.hold(100n);
    account.hold(100n);
    account.returnOf("sale");
    account.run({ type: "void", hold: 1 });
    account.run({ type: "void", hold: 2 });
    expect(account.balance()).toMatchObject({ book: 100n, available: 100n });
  });

  test("under only_pending, which gives up for good what is not pending", () => {
    const account = new TestAccount({ settings: { clawback: "only_pending" } });
    account.earn(100n, sale);
    account.hold(100n);
    account.returnOf("sale");
    account.run({ type: "void", hold: 1 });
    expect(account.balance()).toMatchObject({ book: 100n, available: 100n });
  });
});

test("a thousand lots held over a return are recovered in events of bounded size", () => {
  const account = underWithinBalance();
  for (let i = 0; i < 1_000; i++) account.earn(1n, { key: keyNamed(`s-${i}`) });
  account.hold(1_000n);
  account.run({ type: "reverse", by: { points: 1_000n }, reason: "return" });
  const recovered = account
    .run({ type: "void", hold: 1 })
    .filter((event) => event.type === "WaiverRecovered");
  expect(recovered.map((event) => event.amount)).toEqual([500n, 500n]);
  expect(account.balance()).toMatchObject({ book: 0n });
  expect([...account.state.waived]).toEqual([]);
});
