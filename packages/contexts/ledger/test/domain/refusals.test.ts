import { MAX_AMOUNT } from "@taem/kernel";
import { DAY, NOON, programmeOf, rulePublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import type { RefusalCode } from "../../src/domain/index.ts";
import { keyNamed, type Request, TestAccount } from "./support/account.ts";

/** An account with something of everything: 100 points, 10 of them held, a closed hold, a sale of 5,000 satang. */
function account(): TestAccount {
  const programme = programmeOf({
    rules: {
      miles: { currency: "MILES" },
      dollars: { money: "USD" },
      generous: { points: MAX_AMOUNT },
    },
    more: [rulePublished("next-year", {}, 1, NOON + 300 * DAY)],
  });
  const one = new TestAccount(programme);
  one.earn(50n, { key: keyNamed("given") });
  one.spend(5_000n, { key: keyNamed("sale") });
  one.hold(20n);
  one.run({ type: "capture", hold: 1, points: 10n, key: keyNamed("capture") });
  one.run({ type: "hold", points: 10n, redemption: "reward", key: keyNamed("hold") });
  one.burn(5n, "burn");
  one.run({ type: "adjust", direction: "credit", points: 5_000n, reason: "goodwill" });
  return one;
}

const earnUnder = (rule: string, spend = 100n, money = "THB"): Request => ({
  type: "earn",
  by: { spend, money, rule },
  reason: "sale",
});
const reverse = (origin: string | undefined, by: Extract<Request, { type: "reverse" }>["by"]): Request => ({
  type: "reverse",
  ...(origin === undefined ? {} : { origin: keyNamed(origin) }),
  by,
  reason: "return",
});
const huge = MAX_AMOUNT + 1n;

describe("every refusal, and what it is for", () => {
  test.each<[code: RefusalCode, request: Request]>([
    ["insufficient_points", { type: "burn", points: 76n, redemption: "reward" }],
    ["insufficient_points", { type: "hold", points: 76n, redemption: "reward" }],
    ["insufficient_points", { type: "transfer", points: 76n, to: "m-2", transfer: "t" }],
    ["insufficient_points", { type: "adjust", direction: "debit", points: 76n, reason: "mistake" }],
    [
      "occurred_at_in_future",
      { type: "earn", by: { points: 1n }, reason: "sale", occurredAt: NOON + 300_001 },
    ],
    ["occurred_at_in_future", { type: "void", hold: 2, occurredAt: NOON + DAY }],
    ["amount_too_large", { type: "earn", by: { points: huge }, reason: "sale" }],
    ["amount_too_large", earnUnder("spend", huge)],
    ["amount_too_large", earnUnder("generous", 101n)],
    ["amount_too_large", { type: "burn", points: huge, redemption: "reward" }],
    ["amount_too_large", { type: "hold", points: huge, redemption: "reward" }],
    ["amount_too_large", { type: "capture", hold: 2, points: huge }],
    ["amount_too_large", { type: "transfer", points: huge, to: "m-2", transfer: "t" }],
    ["amount_too_large", { type: "adjust", direction: "credit", points: huge, reason: "goodwill" }],
    ["amount_too_large", reverse("sale", { points: huge })],
    ["amount_too_large", reverse(undefined, { points: huge })],
    ["amount_too_large", reverse(undefined, { spend: huge, rule: "spend" })],
    ["amount_too_large", reverse(undefined, { spend: 101n, rule: "generous" })],
    ["rule_unknown", earnUnder("nobody")],
    ["rule_unknown", reverse(undefined, { spend: 100n, rule: "nobody" })],
    ["rule_not_valid", earnUnder("next-year")],
    ["rule_not_valid", reverse(undefined, { spend: 100n, rule: "next-year" })],
    ["wrong_currency", earnUnder("miles")],
    ["wrong_currency", earnUnder("dollars")],
    ["wrong_currency", earnUnder("spend", 100n, "USD")],
    ["wrong_currency", reverse(undefined, { spend: 100n, rule: "miles" })],
    ["hold_unknown", { type: "capture", hold: 3 }],
    ["hold_unknown", { type: "void", hold: 3 }],
    ["hold_unknown", { type: "void", hold: 0 }],
    ["hold_closed", { type: "capture", hold: 1 }],
    ["hold_closed", { type: "void", hold: 1 }],
    ["hold_timeout_too_long", { type: "hold", points: 1n, redemption: "reward", timeoutSeconds: 604_801 }],
    ["capture_exceeds_hold", { type: "capture", hold: 2, points: 11n }],
    ["origin_unknown", reverse("nothing", { all: true })],
    ["origin_unknown", reverse(undefined, { all: true })],
    ["origin_unknown", reverse(undefined, { spend: 100n })],
    ["origin_not_reversible", reverse("hold", { all: true })],
    ["origin_without_spend", reverse("given", { spend: 1n })],
    ["origin_without_spend", reverse("burn", { spend: 1n })],
    ["reversal_exceeds_origin", reverse("sale", { points: 51n })],
    ["reversal_exceeds_origin", reverse("given", { points: 51n })],
    ["reversal_exceeds_origin", reverse("burn", { points: 6n })],
    ["reversal_exceeds_origin", reverse("capture", { points: 11n })],
    ["refund_exceeds_sale", reverse("sale", { spend: 5_001n })],
    ["transfer_to_self", { type: "transfer", points: 1n, to: "m-1", transfer: "t" }],
    ["adjustment_unknown", { type: "approve", adjustment: 2 }],
    ["approver_must_differ", { type: "approve", adjustment: 1 }],
  ])("%s: %o", (code, request) => {
    const one = account();
    expect(one.balance()).toMatchObject({ available: 75n, held: 10n });
    expect(one.refusal(request)).toBe(code);
  });

  test("just within each limit is accepted", () => {
    const accepted: Request[] = [
      { type: "burn", points: 75n, redemption: "reward" },
      { type: "earn", by: { points: MAX_AMOUNT }, reason: "sale", occurredAt: NOON + 300_000 },
      earnUnder("generous", 100n),
      { type: "hold", points: 75n, redemption: "reward", timeoutSeconds: 604_800 },
      { type: "capture", hold: 2, points: 10n },
      reverse("sale", { spend: 5_000n }),
      reverse("sale", { points: 50n }),
      reverse("burn", { points: 5n }),
      reverse(undefined, { points: MAX_AMOUNT }),
    ];
    for (const request of accepted) expect(account().decide(request)).toHaveProperty("accepted");
  });
});

describe("of several reasons the first is told", () => {
  test("a key that was applied before anything else", () => {
    const request: Request = { type: "earn", by: { points: huge }, reason: "sale", key: keyNamed("sale") };
    expect(account().decide(request)).toEqual({ repeated: { revision: 2 } });
  });

  test("a time ahead of the clock before an amount too large", () => {
    const one = account();
    const occurredAt = NOON + DAY;
    expect(one.refusal({ type: "burn", points: huge, redemption: "reward", occurredAt })).toBe(
      "occurred_at_in_future",
    );
  });

  test("an amount too large before what the account holds", () => {
    expect(account().refusal({ type: "capture", hold: 9, points: huge })).toBe("amount_too_large");
  });

  test("a hold that is over before what was captured of it", () => {
    expect(account().refusal({ type: "capture", hold: 1, points: 1_000n })).toBe("hold_closed");
  });
});

test("a refusal says what was asked against what there is", () => {
  const decision = account().decide({ type: "burn", points: 80n, redemption: "reward" });
  expect(decision).toEqual({ refused: { code: "insufficient_points", detail: "80 asked, 75 available" } });
});
