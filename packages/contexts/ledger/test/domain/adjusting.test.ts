import { at, DAY, NOON, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { type Request, TestAccount } from "./support/account.ts";

const adjust = (direction: "credit" | "debit" | "write_off", points: bigint): Request => ({
  type: "adjust",
  direction,
  points,
  reason: "goodwill",
});

function approvedBy(account: TestAccount, actor: string, adjustment = 1) {
  account.actor = actor;
  return account.run({ type: "approve", adjustment });
}

describe("an adjustment", () => {
  test("up to the limit has effect at once, and names who asked", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 100n } });
    account.actor = "ann";
    const [event] = account.run(adjust("credit", 100n));
    expect(event).toMatchObject({ type: "AdjustmentCredited", requestedBy: "ann", book: 100n });
    expect(event).not.toHaveProperty("approvedBy");
  });

  test("above the limit waits for a second principal and changes nothing until then", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 100n } });
    account.actor = "ann";
    expect(account.run(adjust("credit", 101n))).toMatchObject([
      { type: "AdjustmentRequested", adjustment: 1 },
    ]);
    expect(account.balance().book).toBe(0n);
    expect(account.refusal({ type: "approve", adjustment: 1 })).toBe("approver_must_differ");
    expect(approvedBy(account, "bob")).toMatchObject([
      {
        type: "AdjustmentCredited",
        adjustment: 1,
        requestedBy: "ann",
        approvedBy: "bob",
        reason: "goodwill",
      },
    ]);
    expect(account.balance().available).toBe(101n);
  });

  test("is approved once", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    account.run(adjust("credit", 5n));
    approvedBy(account, "bob");
    expect(account.refusal({ type: "approve", adjustment: 1 })).toBe("adjustment_closed");
    expect(account.refusal({ type: "approve", adjustment: 2 })).toBe("adjustment_unknown");
  });

  test("is decided afresh at approval: what was possible when asked may not be any more", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    account.earn(10n);
    account.run(adjust("debit", 10n));
    account.burn(1n);
    account.actor = "bob";
    expect(account.refusal({ type: "approve", adjustment: 1 })).toBe("insufficient_points");
    account.earn(1n);
    expect(approvedBy(account, "bob")).toMatchObject([{ type: "AdjustmentDebited", amount: 10n, book: 0n }]);
  });

  test("approved later expires by the policy of the day of approval", () => {
    const account = new TestAccount({
      settings: { adjustmentLimit: 0n, expiry: { kind: "end_of_month", count: 0 } },
    });
    account.run(adjust("credit", 5n));
    account.now = NOON + 40 * DAY;
    expect(approvedBy(account, "bob")).toMatchObject([
      { lot: { earnedAt: NOON + 40 * DAY, expiresAt: at("2026-05-01T00:00+07:00"), vintage: "2026-04" } },
    ]);
  });

  test("is measured by the limit in force now, however far back it is dated", () => {
    const lowered = settingsPublished({ adjustmentLimit: 10n }, 2, NOON + DAY);
    const account = new TestAccount({ settings: { adjustmentLimit: 100n }, more: [lowered] });
    account.now = NOON + DAY;
    expect(account.run({ ...adjust("credit", 100n), occurredAt: NOON })).toMatchObject([
      { type: "AdjustmentRequested" },
    ]);
  });

  test.each(["credit", "debit"] as const)("to %s has effect no earlier than its request", (direction) => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    account.earn(10n, { occurredAt: NOON - 9 * DAY });
    account.run(adjust(direction, 5n));
    account.actor = "bob";
    const [event] = account.run({ type: "approve", adjustment: 1, occurredAt: NOON - 5 * DAY });
    expect(event).toMatchObject({ occurredAt: NOON - 5 * DAY, effectiveAt: NOON });
    if (direction === "credit") expect(event).toMatchObject({ lot: { earnedAt: NOON, availableFrom: NOON } });
  });

  test("of several, each waits by its own number", () => {
    const account = new TestAccount({ settings: { adjustmentLimit: 0n } });
    account.run(adjust("credit", 5n));
    account.run(adjust("credit", 7n));
    approvedBy(account, "bob", 2);
    expect(account.balance().book).toBe(7n);
    approvedBy(account, "bob", 1);
    expect(account.balance().book).toBe(12n);
  });
});

describe("a write-off", () => {
  const owing = () => {
    const account = new TestAccount();
    account.earn(10n, { key: { system: "pos", id: "sale", leg: "main" } });
    account.burn(10n);
    account.returnOf("sale");
    return account;
  };

  test("always needs a second principal, however small", () => {
    const account = owing();
    expect(account.run(adjust("write_off", 1n))).toMatchObject([{ type: "AdjustmentRequested" }]);
    expect(approvedBy(account, "bob")).toMatchObject([{ type: "DebtWrittenOff", amount: 1n, book: 0n }]);
    expect(account.balance().debt).toBe(9n);
  });

  test("of more than is owed by then is refused", () => {
    const account = owing();
    account.run(adjust("write_off", 10n));
    account.earn(1n);
    account.actor = "bob";
    expect(account.refusal({ type: "approve", adjustment: 1 })).toBe("no_debt");
  });

  test("has effect no earlier than the debt that it writes off", () => {
    const account = owing();
    account.run(adjust("write_off", 10n));
    account.actor = "bob";
    const [event] = account.run({ type: "approve", adjustment: 1, occurredAt: NOON - DAY });
    expect(event).toMatchObject({ occurredAt: NOON - DAY, effectiveAt: NOON });
  });
});
