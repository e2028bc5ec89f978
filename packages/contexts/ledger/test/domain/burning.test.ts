import { DAY, HOUR, NOON } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { accountOf, balanceAt, evolve, newAccount } from "../../src/domain/index.ts";
import { keyNamed, only, TestAccount } from "./support/account.ts";

describe("burn order", () => {
  test("earliest expiry, then earliest earn, then log position; what never expires last", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: null });
    account.earn(10n, { expiresAt: NOON + 2 * DAY, occurredAt: NOON - HOUR });
    account.earn(10n, { expiresAt: NOON + DAY });
    account.earn(10n, { expiresAt: NOON + 2 * DAY, occurredAt: NOON - 2 * HOUR });
    account.earn(10n, { expiresAt: NOON + DAY });
    account.earn(10n, { expiresAt: null, occurredAt: NOON - HOUR });
    const { takes } = only(account.burn(60n), "PointsBurned");
    expect(takes.map((take) => take.lot)).toEqual([3, 5, 4, 2, 6, 1]);
  });

  test("skips what is pending and what is held", () => {
    const account = new TestAccount({ rules: { spend: { pendingSeconds: 3_600 } } });
    account.spend(1_000n, { expiresAt: NOON + DAY });
    account.earn(10n, { expiresAt: NOON + 2 * DAY });
    account.hold(4n);
    account.earn(10n, { expiresAt: NOON + 3 * DAY });
    const { takes } = only(account.burn(10n), "PointsBurned");
    expect(takes.map(({ lot, amount }) => [lot, amount])).toEqual([
      [2, 6n],
      [3, 4n],
    ]);
  });

  test("is told by every debit: from which lots, how much of each, and of which vintage", () => {
    const account = new TestAccount();
    account.earn(30n);
    account.now += 40 * DAY;
    account.earn(30n);
    expect(only(account.burn(50n), "PointsBurned")).toMatchObject({
      amount: 50n,
      book: 10n,
      takes: [
        { lot: 1, amount: 30n, vintage: "2026-03" },
        { lot: 2, amount: 20n, vintage: "2026-04" },
      ],
    });
  });
});

describe("effective time", () => {
  test("of a burn is never before the lots that it takes", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.now += DAY;
    const [burn] = account.run({ type: "burn", points: 10n, redemption: "reward", occurredAt: NOON - DAY });
    expect(burn).toMatchObject({ occurredAt: NOON - DAY, effectiveAt: NOON });
  });

  test("of a burn is never before an earlier burn of the same lot", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.now += DAY;
    account.burn(5n);
    const [late] = account.run({ type: "burn", points: 5n, redemption: "reward", occurredAt: NOON });
    expect(late).toMatchObject({ occurredAt: NOON, effectiveAt: NOON + DAY });
  });

  test("late news is folded in as-of cuts although it was recorded after what counts later", () => {
    const account = new TestAccount();
    account.now += DAY;
    account.earn(10n);
    account.earn(7n, { occurredAt: NOON });
    const counted = account.log.filter((event) => event.effectiveAt < NOON + DAY);
    const cut = counted.reduce(evolve, newAccount());
    expect(balanceAt(cut, accountOf(account.context), NOON)).toMatchObject({ book: 7n, available: 7n });
  });
});

describe("a repeated command", () => {
  test("is told the revision of its first event, also behind events made by time", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: NOON + HOUR });
    account.earn(10n);
    account.now += DAY;
    account.burn(5n, "burn");
    expect(account.log.map((event) => event.type)).toEqual([
      "PointsEarned",
      "PointsEarned",
      "PointsExpired",
      "PointsBurned",
    ]);
    const again = account.decide({ type: "burn", points: 5n, redemption: "reward", key: keyNamed("burn") });
    expect(again).toEqual({ repeated: { revision: 4 } });
  });

  test("is recognised by its key alone, before it is judged", () => {
    const account = new TestAccount();
    account.earn(10n, { key: keyNamed("one") });
    const key = keyNamed("one");
    const impossible = account.decide({ type: "burn", points: 10n ** 16n, redemption: "reward", key });
    expect(impossible).toEqual({ repeated: { revision: 1 } });
  });

  test("that was refused was not applied: it may succeed later under the same key", () => {
    const account = new TestAccount();
    const burn = { type: "burn", points: 5n, redemption: "reward", key: keyNamed("burn") } as const;
    expect(account.refusal(burn)).toBe("insufficient_points");
    account.earn(5n);
    expect(account.run(burn)).toHaveLength(1);
  });

  test("differs by system, id or leg", () => {
    const account = new TestAccount();
    account.earn(1n, { key: { system: "pos", id: "1", leg: "main" } });
    account.earn(1n, { key: { system: "web", id: "1", leg: "main" } });
    account.earn(1n, { key: { system: "pos", id: "2", leg: "main" } });
    account.earn(1n, { key: { system: "pos", id: "1", leg: "bonus" } });
    expect(account.balance().available).toBe(4n);
  });
});

test("what is due comes first in the append of the next command, and a refusal leaves it due", () => {
  const account = new TestAccount();
  account.earn(10n, { expiresAt: NOON + HOUR });
  account.now += 2 * HOUR;
  expect(account.refusal({ type: "burn", points: 1n, redemption: "reward" })).toBe("insufficient_points");
  expect(account.log).toHaveLength(1);
  expect(account.balance()).toMatchObject({ book: 10n, available: 0n, due: 10n });
  const decision = account.decide({ type: "earn", by: { points: 1n }, reason: "sale" });
  expect(decision).toMatchObject({ due: 1, accepted: [{ type: "PointsExpired" }, { type: "PointsEarned" }] });
});
