import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activityIn, NO_ACTIVITY, sumOfActivity } from "../../src/domain/index.ts";
import { type Request, TestAccount } from "./support/account.ts";

// Failure: whoever holds one key, of a till or of a clerk, makes as many points as there are numbers.

const earn = (points: bigint): Request => ({ type: "earn", by: { points }, reason: "sale" });
const adjust = (direction: "credit" | "debit" | "write_off", points: bigint): Request => ({
  type: "adjust",
  direction,
  points,
  reason: "goodwill",
});

const CEILINGS = { earnCeiling: 100n, adjustmentCeiling: 50n, adjustmentLimit: 40n };

/** An account of 1,000 points, whose client has done so much today. */
function account(earned: bigint, adjusted: bigint, singleHanded = false): TestAccount {
  const opened = new TestAccount({ settings: CEILINGS, singleHanded });
  // The day before.
  for (let i = 0; i < 10; i++) opened.earn(100n);
  opened.today = { earned, adjusted };
  return opened;
}

describe("a client's ceiling of the day", () => {
  test("lets exactly so many points be given", () => {
    const filled = account(90n, 0n);
    expect(filled.refusal(earn(11n))).toBe("earn_ceiling_reached");
    expect(filled.refusal(earn(10n))).toBeUndefined();
    expect(account(100n, 0n).refusal(earn(1n))).toBe("earn_ceiling_reached");
  });

  test("counts points that a rule gives, and lets a sale pass that gives none", () => {
    const full = account(100n, 0n);
    const sale = (spend: bigint): Request => ({
      type: "earn",
      by: { spend, money: "THB", rule: "spend" },
      reason: "sale",
    });
    expect(full.refusal(sale(100n))).toBe("earn_ceiling_reached");
    expect(full.refusal(sale(99n))).toBeUndefined();
  });

  test("stands in the way of no repetition", () => {
    const opened = account(0n, 0n);
    const command = { ...earn(100n), key: { system: "pos", id: "sale", leg: "main" } };
    opened.run(command);
    opened.today = { earned: 100n, adjusted: 0n };
    expect(opened.decide(command)).toEqual({ repeated: { revision: 11 } });
  });

  test.each(["credit", "debit"] as const)("has a %s beyond it wait for a second principal", (direction) => {
    const opened = account(0n, 20n);
    const typesOf = (points: bigint) => {
      const decision = opened.decide(adjust(direction, points));
      return "accepted" in decision ? decision.accepted.map(({ type }) => type) : decision;
    };
    expect(typesOf(30n)).toEqual([direction === "credit" ? "AdjustmentCredited" : "AdjustmentDebited"]);
    expect(typesOf(31n)).toEqual(["AdjustmentRequested"]);
    // Who approves is a second: what they agree on has no ceiling.
    opened.run(adjust(direction, 31n));
    opened.actor = "somebody else";
    opened.today = { earned: 0n, adjusted: 50n };
    expect(opened.refusal({ type: "approve", adjustment: 1 })).toBeUndefined();
  });

  test.each(["credit", "debit", "write_off"] as const)(
    "refuses a %s beyond it where nobody is asked",
    (direction) => {
      const alone = account(0n, 20n, true);
      expect(alone.refusal(adjust(direction, 31n))).toBe("adjustment_ceiling_reached");
    },
  );

  test("is none where the currency has none", () => {
    const opened = new TestAccount();
    opened.today = { earned: 10n ** 18n, adjusted: 10n ** 18n };
    expect(opened.refusal(earn(10n ** 15n))).toBeUndefined();
    expect(opened.refusal(adjust("credit", 1_000n))).toBeUndefined();
  });
});

test("no commands of a client, one after the other, pass its ceilings", () => {
  const amounts = fc.bigInt({ min: 1n, max: 60n });
  const requests = fc.oneof(
    amounts.map(earn),
    fc.tuple(fc.constantFrom("credit" as const, "debit" as const), amounts).map(([way, n]) => adjust(way, n)),
  );
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), fc.boolean(), (asked, singleHanded) => {
      const opened = account(0n, 0n, singleHanded);
      let done = NO_ACTIVITY;
      for (const request of asked) {
        opened.today = done;
        const decision = opened.decide(request);
        if (!("accepted" in decision)) continue;
        opened.append(decision.accepted);
        done = decision.accepted.map(activityIn).reduce(sumOfActivity, done);
        expect(done.earned).toBeLessThanOrEqual(100n);
        expect(done.adjusted).toBeLessThanOrEqual(50n);
      }
    }),
  );
});
