import { DAY, HOUR, NOON } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { accountOf, balanceAt, evolve, newAccount, postingsOf } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, only, type Request, TestAccount } from "./support/account.ts";

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
      returns: [{ waiver: 1, lot: 1, source: "pos", unreferenced: false, amount: 100n }],
    });
    expect(postingsOf(recovered)).toEqual([
      { account: "outstanding", amount: 100n },
      { account: "issuance:pos", amount: -100n },
      { account: "waived:claims", amount: 100n },
      { account: "waived", amount: -100n },
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

describe("what a return waived while points were under way is taken when their transfer comes back", () => {
  function sent(points: bigint): { account: TestAccount; back: () => readonly AccountEvent[] } {
    const account = underWithinBalance();
    account.earn(100n, sale);
    const request: Request = { type: "transfer", points, to: "m-2", transfer: "t", key: keyNamed("sent") };
    const { takes } = only(account.run(request), "TransferOut");
    const returned = { transfer: "t", out: keyNamed("sent"), refusal: "balance_limit_exceeded" };
    const back = () => account.run({ type: "return_transfer", ...returned, takes, effectiveAt: account.now });
    return { account, back };
  }

  test("as far as it was waived", () => {
    const { account, back } = sent(80n);
    account.earn(10n, { key: keyNamed("other") });
    account.returnOf("sale");
    account.earn(5n);
    expect(back().map((event) => event.type)).toEqual(["TransferReturned", "WaiverRecovered"]);
    expect(account.balance()).toMatchObject({ book: 15n, available: 15n });
  });

  test("not what was waived before they left", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.burn(100n);
    account.returnOf("sale");
    account.earn(30n);
    const { takes } = only(
      account.run({ type: "transfer", points: 30n, to: "m-2", transfer: "t", key: keyNamed("sent") }),
      "TransferOut",
    );
    const { now: effectiveAt } = account;
    const out = keyNamed("sent");
    account.run({ type: "return_transfer", transfer: "t", out, takes, refusal: "x", effectiveAt });
    expect(account.balance()).toMatchObject({ book: 30n, available: 30n });
  });
});

describe("waivers are numbered in their order, whichever return they are of", () => {
  test("one a sale, in every event of a return that waives", () => {
    const account = underWithinBalance();
    account.earn(40n, sale);
    account.earn(60n);
    account.hold(100n);
    account.returnOf("sale", { points: 10n });
    const events = account.run({ type: "reverse", by: { points: 80n }, reason: "return" });
    expect(only(events, "EarnReversed").origins).toMatchObject([
      { lot: 2, waived: 60n, waiver: 2 },
      { lot: 1, waived: 20n, waiver: 3 },
    ]);
    const recovered = only(account.run({ type: "void", hold: 1 }), "WaiverRecovered");
    expect(recovered.returns).toMatchObject([
      { waiver: 1, lot: 1, unreferenced: false, amount: 10n },
      { waiver: 2, lot: 2, unreferenced: true, amount: 60n },
      { waiver: 3, lot: 1, unreferenced: true, amount: 20n },
    ]);
  });

  test("none where what is waived is given up for good", () => {
    const account = new TestAccount({ settings: { clawback: "only_pending" } });
    account.earn(100n, sale);
    const [origin] = only(account.returnOf("sale"), "EarnReversed").origins;
    expect(origin).toEqual({ ...origin, waived: 100n, waiver: undefined });
  });
});

describe("a view of the past", () => {
  const seen = (account: TestAccount, counts: (event: AccountEvent) => boolean, at: number) => {
    const state = account.log.filter(counts).reduce(evolve, newAccount());
    return { ...balanceAt(state, accountOf(account.context), at), waivers: state.waived.size };
  };

  /** An earn of nothing, recorded first and effective last; two holds; a return that waives what they hold. */
  function told(): TestAccount {
    const account = underWithinBalance();
    account.earn(0n, { occurredAt: NOON + MINUTES });
    account.earn(100n, { ...sale, expiresAt: NOON + DAY });
    account.earn(50n, { expiresAt: NOON + DAY });
    account.hold(100n, 3_600);
    account.hold(50n, 2 * 3_600);
    account.returnOf("sale");
    return account;
  }
  const MINUTES = 5 * 60_000;

  test("that leaves out an earlier event takes a waiver once", () => {
    const account = told();
    account.now += HOUR / 2;
    account.run({ type: "void", hold: 1, occurredAt: NOON + 1 });
    const asOf = NOON + 2;
    expect(seen(account, ({ effectiveAt }) => effectiveAt <= asOf, NOON + 3 * HOUR)).toMatchObject({
      book: 50n,
      available: 50n,
      waivers: 0,
    });
  });

  test("from before a hold ended has it pay the waiver at its end", () => {
    const account = told();
    account.now += 3 * HOUR;
    account.sweep();
    const before = ({ effectiveAt }: AccountEvent) => effectiveAt < NOON + HOUR;
    expect(seen(account, before, NOON + HOUR)).toMatchObject({ held: 50n, available: 0n, due: 100n });
    const by = ({ effectiveAt }: AccountEvent) => effectiveAt <= NOON + HOUR;
    expect(seen(account, by, NOON + HOUR)).toMatchObject({ held: 50n, available: 0n, due: 0n });
  });

  test("from before the return counted has its points, though the hold is over by then", () => {
    const account = underWithinBalance();
    account.earn(100n, sale);
    account.burn(100n);
    account.earn(100n);
    account.hold(100n);
    account.run({
      type: "reverse",
      origin: sale.key,
      by: { all: true },
      reason: "r",
      occurredAt: NOON + MINUTES,
    });
    account.now += 1;
    const events = account.run({ type: "void", hold: 1, occurredAt: NOON });
    expect(only(events, "WaiverRecovered").effectiveAt).toBe(NOON + MINUTES);
    const asOf = (at: number) => seen(account, ({ effectiveAt }) => effectiveAt <= at, at);
    expect(asOf(NOON + MINUTES - 1)).toMatchObject({ book: 100n, available: 100n, waivers: 0 });
    expect(asOf(NOON + MINUTES)).toMatchObject({ book: 0n, available: 0n, waivers: 0 });
  });
});

test("a recovery counts from the waivers that it pays, not from others", () => {
  const account = underWithinBalance();
  account.earn(100n, sale);
  account.burn(100n);
  account.earn(100n);
  account.hold(40n);
  account.hold(60n);
  account.returnOf("sale", { points: 40n });
  account.run({
    type: "reverse",
    origin: sale.key,
    by: { all: true },
    reason: "r",
    occurredAt: NOON + 60_000,
  });
  const hold = (no: number) => only(account.run({ type: "void", hold: no }), "WaiverRecovered");
  expect(hold(1)).toMatchObject({ returns: [{ waiver: 1, amount: 40n }], effectiveAt: NOON });
  expect(hold(2)).toMatchObject({ returns: [{ waiver: 2, amount: 60n }], effectiveAt: NOON + 60_000 });
});

test("ten thousand waivers are all paid by what comes back at once", () => {
  const account = underWithinBalance();
  account.earn(20_000n, sale);
  account.burn(20_000n, "burn");
  for (let i = 0; i < 10_000; i++) account.run({ type: "reverse", by: { points: 1n }, reason: "return" });
  expect(account.state.waived.size).toBe(10_000);
  expect(account.returnOf("burn").filter(({ type }) => type === "WaiverRecovered")).toHaveLength(20);
  expect(account.state.waived.size).toBe(0);
  expect(account.balance()).toMatchObject({ book: 10_000n });
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
