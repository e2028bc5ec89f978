import { isSamePrincipal } from "@taem/kernel";
import { DAY, HOUR, NOON } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { accountOf, dueEvents, nextDueAt } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { only, type Request, TestAccount } from "./support/account.ts";

const MINUTE = 60_000;

const credit = (points: bigint, more: Partial<Request> = {}): Request =>
  ({ type: "adjust", direction: "credit", points, reason: "goodwill", ...more }) as Request;

/** An account for which ann has asked for a credit of 5 that waits for two hours. */
function waiting(): TestAccount {
  const account = new TestAccount({ settings: { adjustmentLimit: 0n, adjustmentTimeoutSeconds: 7_200 } });
  account.actor = "ann (k-1)";
  account.run(credit(5n));
  return account;
}

const as = (account: TestAccount, actor: string): TestAccount => {
  account.actor = actor;
  return account;
};

describe("who a principal is", () => {
  test.each<[string, string, boolean]>([
    ["ann (k-1)", "ann (k-1)", true],
    ["ann (k-1)", "anna (k-1)", true],
    ["ann (k-1)", "ann (k-2)", false],
    ["ann (k-2) (k-1)", "ann (k-2)", false],
    ["(k-1)", "ann (k-1)", true],
    ["scheduler", "scheduler", true],
    ["scheduler", "scheduler (k-1)", false],
  ])("%s and %s: the same is %s, by the id alone", (one, other, same) => {
    expect(isSamePrincipal(one, other)).toBe(same);
    expect(isSamePrincipal(other, one)).toBe(same);
  });
});

function sweptLater(account: TestAccount) {
  account.now += 2 * HOUR;
  return account.sweep();
}

describe("what waits for a second person", () => {
  test("is decided by nobody who asked for it, by whatever name", () => {
    const account = as(waiting(), "somebody else (k-1)");
    for (const type of ["approve", "reject"] as const) {
      expect(account.refusal({ type, adjustment: 1 })).toBe("approver_must_differ");
    }
  });

  test("is turned down by a second, which the event names, and moves nothing", () => {
    const account = as(waiting(), "bob (k-2)");
    const event = only(account.run({ type: "reject", adjustment: 1 }), "AdjustmentRejected");
    expect(event).toMatchObject({
      adjustment: 1,
      direction: "credit",
      amount: 5n,
      reason: "goodwill",
      requestedBy: "ann (k-1)",
      rejectedBy: "bob (k-2)",
      book: 0n,
    });
    expect(account.balance().book).toBe(0n);
  });

  test("is taken back by who asked, and by nobody else", () => {
    const account = as(waiting(), "bob (k-2)");
    expect(account.refusal({ type: "withdraw", adjustment: 1 })).toBe("requester_must_withdraw");
    only(as(account, "renamed (k-1)").run({ type: "withdraw", adjustment: 1 }), "AdjustmentWithdrawn");
    expect(account.state.pending.size).toBe(0);
  });

  test("lapses at its own instant, seen by the sweep whenever it comes", () => {
    const account = waiting();
    expect(nextDueAt(account.state)).toBe(NOON + 2 * HOUR);
    account.now = NOON + 2 * HOUR - 1;
    expect(dueEvents(account.state, accountOf(account.context), account.now)).toEqual([]);
    account.now = NOON + 9 * HOUR;
    const event = only(account.sweep(), "AdjustmentLapsed");
    expect(event).toMatchObject({ occurredAt: NOON + 2 * HOUR, effectiveAt: NOON + 2 * HOUR, amount: 5n });
    expect(nextDueAt(account.state)).toBeUndefined();
  });

  test("has lapsed for whoever comes too late, sweep or not", () => {
    for (const type of ["approve", "reject", "withdraw"] as const) {
      const account = as(waiting(), type === "withdraw" ? "ann (k-1)" : "bob (k-2)");
      account.now = NOON + 2 * HOUR;
      expect(account.refusal({ type, adjustment: 1 })).toBe("adjustment_closed");
    }
  });

  test("lapses no earlier than it counts, where it was dated ahead", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n, adjustmentTimeoutSeconds: 60 } });
    account.run(credit(5n, { occurredAt: NOON + 4 * MINUTE }));
    account.now = NOON + 10 * MINUTE;
    const event = only(account.sweep(), "AdjustmentLapsed");
    expect(event).toMatchObject({ occurredAt: NOON + MINUTE, effectiveAt: NOON + 4 * MINUTE });
  });

  test("is one of a hundred of its account at most", () => {
    const account = waiting();
    for (let i = 2; i <= 100; i++) account.run(credit(5n));
    expect(account.refusal(credit(5n))).toBe("too_many_adjustments");
    account.run({ type: "withdraw", adjustment: 50 });
    only(account.run(credit(5n)), "AdjustmentRequested");
  });

  test("waits for ever where the settings set no end", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    const event = only(account.run(credit(5n)), "AdjustmentRequested");
    expect(event).not.toHaveProperty("expiresAt");
    account.now = NOON + 9_999 * DAY;
    expect(account.sweep()).toEqual([]);
    expect(account.state.pending.size).toBe(1);
  });

  test.each<[string, (account: TestAccount) => unknown]>([
    ["approved", (account) => as(account, "bob (k-2)").run({ type: "approve", adjustment: 1 })],
    ["rejected", (account) => as(account, "bob (k-2)").run({ type: "reject", adjustment: 1 })],
    ["withdrawn", (account) => account.run({ type: "withdraw", adjustment: 1 })],
    ["lapsed", (account) => sweptLater(account)],
  ])("is closed once: a refusal says that it was %s, and when", (how, close) => {
    const account = waiting();
    close(account);
    const decision = as(account, "carl (k-3)").decide({ type: "approve", adjustment: 1 });
    expect(decision).toMatchObject({ refused: { code: "adjustment_closed" } });
    const { detail } = (decision as { refused: { detail: string } }).refused;
    expect(detail).toContain(how);
    expect(detail).toContain(new Date(account.now).toISOString());
  });
});

describe("a programme run single-handed", () => {
  const alone = () => {
    const account = new TestAccount({ singleHanded: true, settings: { adjustmentLimit: 10n } });
    account.earn(20n, { key: { system: "pos", id: "sale", leg: "main" } });
    account.actor = "ann (k-1)";
    return account;
  };
  const flagOf = ([event]: readonly AccountEvent[]) =>
    event !== undefined && "singleHanded" in event ? event.singleHanded : undefined;

  test.each(["credit", "debit"] as const)("lets a large %s take effect at once, and says so", (direction) => {
    const account = alone();
    const events = account.run({ ...credit(11n), direction } as Request);
    expect(events).toMatchObject([{ requestedBy: "ann (k-1)", singleHanded: true }]);
    expect(events[0]).not.toHaveProperty("approvedBy");
    expect(account.state.pending.size).toBe(0);
  });

  test("writes debt off at once, and says so", () => {
    const account = alone();
    account.burn(20n);
    account.returnOf("sale");
    const events = account.run({ ...credit(20n), direction: "write_off" } as Request);
    expect(events).toMatchObject([{ type: "DebtWrittenOff", amount: 20n, singleHanded: true }]);
    expect(account.balance().debt).toBe(0n);
  });

  test("says nothing of what needs one person anyway", () => {
    expect(flagOf(alone().run(credit(10n)))).toBeUndefined();
  });
});
