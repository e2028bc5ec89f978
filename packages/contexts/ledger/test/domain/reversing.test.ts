import { DAY, HOUR, NOON, type Shape } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { keyNamed, only, TestAccount } from "./support/account.ts";

const sale = { key: keyNamed("sale") };
const under = (clawback: "only_pending" | "within_balance" | "unlimited"): Shape => ({
  settings: { clawback },
});

describe("a return takes back", () => {
  test("the sale's own points first, pending included", () => {
    const account = new TestAccount({ rules: { spend: { pendingSeconds: 3_600 } } });
    account.earn(50n);
    account.spend(10_000n, sale);
    expect(account.balance()).toMatchObject({ available: 50n, pending: 100n });
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      amount: 100n,
      origins: [{ lot: 2, amount: 100n, own: 100n, restored: 0n, spent: 0n, waived: 0n, expired: 0n }],
      takes: [{ lot: 2, amount: 100n }],
      debt: 0n,
      issuance: [{ source: "pos", amount: 100n }],
      unreferenced: false,
    });
    expect(account.balance()).toMatchObject({ book: 50n, available: 50n });
  });

  test("what was spent from the other available lots in burn order, then as debt", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + HOUR });
    account.burn(100n);
    account.earn(30n, { expiresAt: NOON + 2 * DAY });
    account.earn(30n, { expiresAt: NOON + DAY });
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      origins: [{ lot: 1, spent: 100n }],
      takes: [
        { lot: 3, amount: 30n },
        { lot: 2, amount: 30n },
      ],
      debt: 40n,
      issuance: [{ source: "pos", amount: 100n }],
    });
    expect(account.balance()).toMatchObject({ book: 0n, debt: 40n });
  });

  test("no more than there is, under within_balance: the rest is waived and nothing is owed", () => {
    const account = new TestAccount(under("within_balance"));
    account.earn(100n, sale);
    account.burn(100n);
    account.earn(30n);
    const reversal = only(account.returnOf("sale"), "EarnReversed");
    expect(reversal).toMatchObject({ takes: [{ lot: 2, amount: 30n }], debt: 0n });
    expect(reversal.origins).toMatchObject([{ spent: 100n, waived: 70n }]);
    expect(reversal.issuance).toEqual([{ source: "pos", amount: 30n }]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("only what is still pending, under only_pending", () => {
    const account = new TestAccount({
      ...under("only_pending"),
      rules: { spend: { pendingSeconds: 3_600 } },
    });
    account.spend(10_000n, sale);
    account.returnOf("sale", { points: 60n });
    expect(account.balance()).toMatchObject({ book: 40n, pending: 40n });
    account.now += HOUR;
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      takes: [],
      origins: [{ spent: 40n, waived: 40n }],
    });
    expect(account.balance()).toMatchObject({ book: 40n, available: 40n });
  });

  test("nothing of what expired: earn 100, burn 40, expire 60, return: debt 40, not 100", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.burn(40n);
    account.now += 2 * DAY;
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      amount: 100n,
      origins: [{ lot: 1, amount: 100n, own: 0n, restored: 0n, spent: 40n, expired: 60n }],
      debt: 40n,
      issuance: [{ source: "pos", amount: 40n }],
    });
    expect(account.balance()).toMatchObject({ book: 0n, debt: 40n });
  });

  test("in parts: first what was spent, then, forgiven, what expired", () => {
    const account = new TestAccount();
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.burn(40n);
    account.now += 2 * DAY;
    const parts = [30n, 30n, 40n].map((points) => only(account.returnOf("sale", { points }), "EarnReversed"));
    expect(parts.map(({ origins: [origin] }) => [origin?.spent, origin?.expired])).toEqual([
      [30n, 0n],
      [10n, 20n],
      [0n, 40n],
    ]);
    expect(account.balance().debt).toBe(40n);
  });

  test("as debt what was transferred: the member who earned owes, the receiver keeps", () => {
    const account = new TestAccount();
    account.earn(100n, sale);
    account.run({ type: "transfer", points: 100n, to: "m-2", transfer: "t" });
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 100n });
  });

  test("never what is held, and the hold's points repay once it ends", () => {
    const account = new TestAccount();
    account.earn(100n, sale);
    account.hold(70n);
    expect(only(account.returnOf("sale"), "EarnReversed")).toMatchObject({
      origins: [{ own: 30n, spent: 70n }],
      debt: 70n,
    });
    expect(account.balance()).toMatchObject({ held: 70n, debt: 70n });
    expect(account.run({ type: "void", hold: 1 }).map((event) => event.type)).toEqual([
      "HoldVoided",
      "DebtRepaid",
    ]);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("nothing twice: buy, spend, refund, repeat ends in owing exactly what was spent", () => {
    const account = new TestAccount();
    let spent = 0n;
    for (let round = 1; round <= 5; round++) {
      account.earn(100n, { key: keyNamed(`sale-${round}`) });
      const { available } = account.balance();
      if (available > 0n) account.burn(available);
      spent += available;
      account.returnOf(`sale-${round}`);
    }
    expect(account.balance()).toMatchObject({ book: 0n, debt: spent });
    expect(
      account.refusal({ type: "reverse", origin: keyNamed("sale-1"), by: { all: true }, reason: "r" }),
    ).toBe("reversal_exceeds_origin");
  });

  test("another lot's points only once: the return of that lot's sale then owes", () => {
    const account = new TestAccount();
    account.earn(100n, { key: keyNamed("a") });
    account.burn(100n);
    account.earn(100n, { key: keyNamed("b") });
    account.returnOf("a");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
    account.returnOf("b");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 100n });
  });
});

describe("a return by money", () => {
  const cents = { rules: { spend: { per: 300n, points: 7n } } };

  test("takes floor(earned x refunded in all / sale) minus what was taken, so that the whole takes all", () => {
    const account = new TestAccount(cents);
    account.spend(1_000n, sale);
    expect(account.balance().available).toBe(23n);
    const taken = [1n, 299n, 200n, 1n, 499n].map(
      (spend) => only(account.returnOf("sale", { spend }), "EarnReversed").amount,
    );
    expect(taken).toEqual([0n, 6n, 5n, 0n, 12n]);
    expect(account.balance().book).toBe(0n);
  });

  test("records the refund also when it is worth no points", () => {
    const account = new TestAccount(cents);
    account.spend(1_000n, sale);
    expect(only(account.returnOf("sale", { spend: 1n }), "EarnReversed")).toMatchObject({
      amount: 0n,
      origins: [{ lot: 1, amount: 0n }],
      refund: { spend: 1n, cumulative: 1n, eligible: 1_000n },
      takes: [],
    });
  });

  test("takes nothing more where points were taken before by number", () => {
    const account = new TestAccount(cents);
    account.spend(1_000n, sale);
    account.returnOf("sale", { points: 20n });
    expect(only(account.returnOf("sale", { spend: 500n }), "EarnReversed").amount).toBe(0n);
    expect(only(account.returnOf("sale", { spend: 500n }), "EarnReversed").amount).toBe(3n);
  });

  test("of a sale of nothing for nothing is no division by zero", () => {
    const account = new TestAccount();
    account.spend(0n, sale);
    expect(only(account.returnOf("sale", { spend: 0n }), "EarnReversed").amount).toBe(0n);
  });
});

describe("a return that names no sale", () => {
  const returned = (account: TestAccount, points: bigint) =>
    only(account.run({ type: "reverse", by: { points }, reason: "return" }), "EarnReversed");

  test("takes the newest earns first, by when they were earned", () => {
    const account = new TestAccount();
    account.earn(10n, { occurredAt: NOON - HOUR });
    account.earn(10n);
    account.earn(10n, { occurredAt: NOON - DAY });
    expect(returned(account, 15n)).toMatchObject({
      unreferenced: true,
      origins: [
        { lot: 2, amount: 10n },
        { lot: 1, amount: 5n },
      ],
      unmatched: 0n,
    });
    expect(account.lots()).toEqual({ 1: 5n, 3: 10n });
  });

  test("touches no sale that it does not reach", () => {
    const account = new TestAccount();
    account.earn(10n, { occurredAt: NOON - HOUR });
    account.run({ type: "burn", points: 1n, redemption: "reward", occurredAt: NOON + 300_000 });
    account.earn(10n);
    expect(returned(account, 10n)).toMatchObject({ effectiveAt: NOON, origins: [{ lot: 2 }] });
  });

  test("takes never more than was ever earned, and records what found no earn", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.earn(10n);
    expect(returned(account, 25n)).toMatchObject({ amount: 20n, unmatched: 5n });
    expect(returned(account, 7n)).toMatchObject({ amount: 0n, unmatched: 7n, origins: [], takes: [] });
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });

  test("takes nothing that came by transfer or adjustment, but for what was spent", () => {
    const account = new TestAccount();
    account.run({ type: "adjust", direction: "credit", points: 50n, reason: "goodwill" });
    expect(returned(account, 10n)).toMatchObject({ amount: 0n, unmatched: 10n });
    account.earn(10n, { expiresAt: NOON + DAY });
    account.burn(10n);
    expect(returned(account, 10n)).toMatchObject({ amount: 10n, takes: [{ lot: 1, amount: 10n }] });
  });

  test("takes the own points of every sale before those of another", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: NOON + DAY });
    account.earn(10n, { expiresAt: NOON + HOUR, occurredAt: NOON + 1 });
    account.now += 1;
    account.burn(10n);
    expect(returned(account, 20n)).toMatchObject({
      origins: [
        { lot: 2, spent: 10n },
        { lot: 1, own: 10n },
      ],
      debt: 10n,
    });
  });

  test("by money is priced by the rule it names", () => {
    const account = new TestAccount({ rules: { spend: { per: 300n, points: 7n } } });
    account.spend(1_000n);
    const [event] = account.run({ type: "reverse", by: { spend: 500n, rule: "spend" }, reason: "return" });
    expect(event).toMatchObject({ amount: 11n, unreferenced: true });
  });

  test("shares the day's earn with the returns that name it: together they take no more than was earned", () => {
    const account = new TestAccount();
    account.earn(10n, sale);
    returned(account, 4n);
    expect(account.refusal({ type: "reverse", origin: sale.key, by: { points: 7n }, reason: "r" })).toBe(
      "reversal_exceeds_origin",
    );
    account.returnOf("sale");
    expect(account.balance()).toMatchObject({ book: 0n, debt: 0n });
  });
});
