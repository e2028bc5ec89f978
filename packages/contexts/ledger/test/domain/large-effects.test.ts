import { DAY, HOUR, NOON, type Shape } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { MAX_LOTS_PER_EVENT, postingsOf, sumOfLots } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, TestAccount } from "./support/account.ts";

/** An account with many one-point lots, all of which die at one instant. */
function manyLots(count: number, shape: Shape = {}): TestAccount {
  const account = new TestAccount(shape);
  account.run({
    type: "receive_transfer",
    transfer: "many",
    from: "m-9",
    effectiveAt: NOON,
    lots: Array.from({ length: count }, (_, i) => ({
      no: i + 1,
      amount: 1n,
      availableFrom: NOON,
      expiresAt: NOON + DAY,
      earnedAt: NOON,
      vintage: "2026-03",
    })),
  });
  return account;
}

const lotsNamed = (event: AccountEvent): number => {
  const lists = ["takes", "released", "restored", "replacements", "plan", "lots"] as const;
  const named = event as Partial<Record<(typeof lists)[number], readonly unknown[]>>;
  if ("plan" in event) return event.takes.length;
  return lists.reduce((sum, list) => sum + (named[list]?.length ?? 0), 0);
};

function expectParts(events: readonly AccountEvent[], type: AccountEvent["type"], sizes: number[]): void {
  const parts = events.filter((event) => event.type === type);
  expect(parts.map(lotsNamed)).toEqual(sizes);
  const numbered = parts.map((event) => ("part" in event ? event.part : undefined));
  const count = sizes.length;
  expect(numbered).toEqual(count === 1 ? [undefined] : sizes.map((_, i) => ({ index: i + 1, count })));
}

test("10,000 one-point lots burned at once are 20 events of 500 under one key", () => {
  const account = manyLots(10_000);
  const before = account.state.revision;
  const events = account.burn(10_000n, "burn");
  expectParts(events, "PointsBurned", new Array<number>(20).fill(500));
  expect(account.balance()).toMatchObject({ book: 0n, available: 0n });
  expect(account.decide({ type: "burn", points: 1n, redemption: "reward", key: keyNamed("burn") })).toEqual({
    repeated: { revision: before + 1 },
  });
  expect(events.map((event) => event.book)).toEqual(
    Array.from({ length: 20 }, (_, i) => BigInt(10_000 - 500 * (i + 1))),
  );
});

describe("at the bound of an event", () => {
  test.each([
    [499, [499]],
    [500, [500]],
    [501, [500, 1]],
    [1_000, [500, 500]],
    [1_001, [500, 500, 1]],
  ])("%d lots burned, transferred, debited or expired are events of %o", (lots, sizes) => {
    const points = BigInt(lots);
    expectParts(manyLots(lots).burn(points), "PointsBurned", sizes);
    const out = manyLots(lots).run({ type: "transfer", points, to: "m-2", transfer: "t" });
    expectParts(out, "TransferOut", sizes);
    const limit = { settings: { adjustmentLimit: 10_000n } };
    const debit = manyLots(lots, limit).run({ type: "adjust", direction: "debit", points, reason: "r" });
    expectParts(debit, "AdjustmentDebited", sizes);
    expectParts(manyLots(lots).log, "TransferIn", sizes);
    const expired = manyLots(lots);
    expired.now += DAY;
    const sweep = expired.sweep().map(lotsNamed);
    expect(sweep).toEqual(sizes);
    expect(expired.state.book).toBe(0n);
  });

  test.each([
    [500, [500]],
    [1_001, [500, 500, 1]],
  ])("%d lots held, and released by a void or a timeout, are events of %o", (lots, sizes) => {
    const points = BigInt(lots);
    const account = manyLots(lots);
    expectParts(account.hold(points), "HoldPlaced", sizes);
    expect(account.balance()).toMatchObject({ available: 0n, held: points });
    expectParts(account.run({ type: "void", hold: 1 }), "HoldVoided", sizes);
    expect(account.balance()).toMatchObject({ available: points, held: 0n });
    expect(new Set(account.hold(points).map((event) => "hold" in event && event.hold))).toEqual(new Set([2]));
    account.now += HOUR;
    expectParts(account.sweep(), "HoldTimedOut", sizes);
    expect(account.balance()).toMatchObject({ available: points, held: 0n });
  });

  test("a capture names what it takes and what it releases, 500 lots an event", () => {
    const account = manyLots(1_200);
    account.hold(1_200n);
    const events = account.run({ type: "capture", hold: 1, points: 700n, key: keyNamed("capture") });
    expectParts(events, "HoldCaptured", [500, 500, 200]);
    expect(events.map((event) => ("takes" in event ? event.takes.length : 0))).toEqual([500, 200, 0]);
    expect(account.balance()).toMatchObject({ book: 500n, available: 500n, held: 0n });
    expect(account.state.holds.size).toBe(0);
  });

  test("a burn in many events is given back whole, last consumed first", () => {
    const account = manyLots(1_001);
    account.burn(1_001n, "burn");
    const [first] = account.returnOf("burn", { points: 1n });
    expect(first).toMatchObject({ restored: [{ lot: 1_001 }] });
    expectParts(account.returnOf("burn"), "BurnReversed", [500, 500]);
    expect(account.balance().available).toBe(1_001n);
    expect(sumOfLots(account.state)).toBe(1_001n);
  });

  test("a burn in many events is given back into replacements, each once", () => {
    const account = manyLots(501, { settings: { returnGraceDays: 2 } });
    account.burn(501n, "burn");
    account.now += 2 * DAY;
    const events = account.returnOf("burn");
    expectParts(events, "BurnReversed", [500, 1]);
    expect(account.balance().available).toBe(501n);
    expect(
      account.refusal({ type: "reverse", origin: keyNamed("burn"), by: { all: true }, reason: "r" }),
    ).toBe("reversal_exceeds_origin");
  });

  test("a transfer in many events arrives whole, or comes back whole", () => {
    const source = manyLots(1_001);
    const out = source.run({
      type: "transfer",
      points: 1_001n,
      to: "m-2",
      transfer: "t",
      key: keyNamed("sent"),
    });
    const legs = out.filter((event) => event.type === "TransferOut");
    expect(legs.flatMap((leg) => leg.plan.map((lot) => lot.no))).toEqual(
      Array.from({ length: 1_001 }, (_, i) => i + 1),
    );
    const target = new TestAccount(source.programme, "m-2");
    const lots = legs.flatMap((leg) => leg.plan);
    const received = target.run({
      type: "receive_transfer",
      transfer: "t",
      from: "m-1",
      lots,
      effectiveAt: NOON,
    });
    expectParts(received, "TransferIn", [500, 500, 1]);
    expect(target.balance().available).toBe(1_001n);
    const takes = legs.flatMap((leg) => leg.takes);
    const back = { type: "return_transfer", transfer: "t", takes, refusal: "x", effectiveAt: NOON } as const;
    expectParts(source.run({ ...back, out: keyNamed("sent") }), "TransferReturned", [500, 500, 1]);
    expect(source.balance().available).toBe(1_001n);
  });

  test("a return recovered from many lots is split, its sums are not", () => {
    const account = manyLots(1_200);
    account.earn(2_000n, { key: keyNamed("sale"), expiresAt: NOON + HOUR });
    account.burn(2_000n);
    const events = account.returnOf("sale").filter((event) => event.type === "EarnReversed");
    expect(events.map((event) => event.takes.length)).toEqual([500, 500, 200]);
    const sum = (of: (event: AccountEvent<"EarnReversed">) => bigint) =>
      events.reduce((total, event) => total + of(event), 0n);
    expect(sum((event) => event.amount)).toBe(2_000n);
    expect(sum((event) => event.debt)).toBe(800n);
    expect(events.flatMap(postingsOf).reduce((total, posting) => total + posting.amount, 0n)).toBe(0n);
    expect(account.balance()).toMatchObject({ book: 0n, debt: 800n });
    expect(
      account.refusal({ type: "reverse", origin: keyNamed("sale"), by: { points: 1n }, reason: "r" }),
    ).toBe("reversal_exceeds_origin");
  });

  test("many sales returned at once, without naming any, are split too", () => {
    const account = new TestAccount();
    for (let i = 0; i < 501; i++) account.earn(1n);
    const events = account.run({ type: "reverse", by: { points: 600n }, reason: "return" });
    expect(events).toMatchObject([
      { amount: 500n, unmatched: 99n, part: { index: 1, count: 2 } },
      { amount: 1n, unmatched: 0n, part: { index: 2, count: 2 } },
    ]);
    expect(account.balance().book).toBe(0n);
  });

  test("no event ever names more", () => {
    expect(MAX_LOTS_PER_EVENT).toBe(500);
  });
});
