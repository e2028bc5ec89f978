import { DAY, HOUR, NOON, type Shape } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { postingsOf } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, TestAccount } from "./support/account.ts";

type Posted = Readonly<Record<string, bigint>>;

const posted = (event: AccountEvent): Posted =>
  Object.fromEntries(postingsOf(event).map(({ account, amount }) => [account, amount]));

/** One account in which every type of account event has happened. */
function everything(): Map<string, AccountEvent> {
  const account = new TestAccount({
    settings: { adjustmentLimit: 10n, adjustmentTimeoutSeconds: 86_400, maxBalance: 1_000n },
  });
  account.earn(100n, { key: keyNamed("sale"), expiresAt: NOON + DAY });
  account.burn(30n, "burn");
  account.returnOf("burn", { points: 5n });
  account.hold(10n);
  account.run({ type: "capture", hold: 1, points: 8n });
  account.hold(3n);
  account.run({ type: "void", hold: 2 });
  account.hold(2n);
  account.now += 2 * HOUR;
  account.run({ type: "adjust", direction: "credit", points: 7n, reason: "goodwill" });
  account.run({ type: "adjust", direction: "debit", points: 4n, reason: "mistake" });
  const out = account
    .run({ type: "transfer", points: 20n, to: "m-2", transfer: "t" })
    .at(-1) as AccountEvent<"TransferOut">;
  account.run({
    type: "return_transfer",
    transfer: "t",
    out: out.key,
    takes: out.takes,
    refusal: "x",
    effectiveAt: account.now,
  });
  const lots = [{ no: 1, amount: 9n, availableFrom: NOON, earnedAt: NOON, vintage: "2026-03" }];
  const effectiveAt = account.now;
  account.run({ type: "receive_transfer", transfer: "in", from: "m-2", lots, effectiveAt });
  const tooMany = lots.map((lot) => ({ ...lot, amount: 1_000n }));
  account.run({ type: "receive_transfer", transfer: "refused", from: "m-2", lots: tooMany, effectiveAt });
  account.now += 2 * DAY;
  account.returnOf("sale");
  account.earn(6n);
  account.run({ type: "adjust", direction: "write_off", points: 5n, reason: "hardship" });
  for (let i = 0; i < 3; i++) {
    account.run({ type: "adjust", direction: "credit", points: 11n, reason: "goodwill" });
  }
  account.run({ type: "withdraw", adjustment: 2 });
  account.actor = "bob";
  account.run({ type: "approve", adjustment: 1 });
  account.run({ type: "reject", adjustment: 3 });
  account.now += 30 * DAY;
  account.sweep();
  return new Map(account.log.map((event) => [event.type, event]));
}

describe("every event is read in double entry", () => {
  const events = everything();
  test.each<[type: AccountEvent["type"], postings: Posted]>([
    ["PointsEarned", { "issuance:pos": 6n, outstanding: -6n }],
    ["PointsBurned", { outstanding: 30n, "redemption:reward": -30n }],
    ["BurnReversed", { "redemption:reward": 5n, outstanding: -5n }],
    ["HoldPlaced", {}],
    ["HoldCaptured", { outstanding: 8n, "redemption:reward": -8n }],
    ["HoldVoided", {}],
    ["HoldTimedOut", {}],
    ["AdjustmentCredited", { "adjustment:goodwill": 7n, outstanding: -7n }],
    ["AdjustmentDebited", { outstanding: 4n, "adjustment:mistake": -4n }],
    ["TransferOut", { outstanding: 20n, "clearing:transfer": -20n }],
    ["TransferReturned", { "clearing:transfer": 20n, outstanding: -20n }],
    ["TransferIn", { "clearing:transfer": 9n, outstanding: -9n }],
    ["TransferInRefused", {}],
    ["PointsExpired", { outstanding: 63n, expired: -63n }],
    ["EarnReversed", { outstanding: 16n, debt: 21n, "issuance:pos": -37n }],
    ["DebtRepaid", { outstanding: 6n, debt: -6n }],
    ["AdjustmentRequested", {}],
    ["AdjustmentRejected", {}],
    ["AdjustmentWithdrawn", {}],
    ["AdjustmentLapsed", {}],
    ["DebtWrittenOff", { "adjustment:hardship": 5n, debt: -5n }],
  ])("%s: %o", (type, postings) => {
    expect(posted(events.get(type) as AccountEvent)).toEqual(postings);
  });

  test("and there is no other type of account event", () => {
    expect(events.size).toBe(21);
  });
});

test("a return without a sale is reported apart from those that name theirs", () => {
  const account = new TestAccount();
  account.earn(10n);
  const [event] = account.run({ type: "reverse", by: { points: 4n }, reason: "return" });
  expect(posted(event!)).toEqual({ outstanding: 4n, "issuance:pos:unreferenced_returns": -4n });
});

test("a return goes back against each source that had issued", () => {
  const account = new TestAccount();
  account.earn(10n, { key: { system: "shopee", id: "1", leg: "main" } });
  account.earn(10n, { key: { system: "pos", id: "1", leg: "main" } });
  const [event] = account.run({ type: "reverse", by: { points: 15n }, reason: "return" });
  expect(posted(event!)).toEqual({
    outstanding: 15n,
    "issuance:pos:unreferenced_returns": -10n,
    "issuance:shopee:unreferenced_returns": -5n,
  });
});

test("what a return forgives is not posted, what it waives in a memorandum: nobody gains or loses by it", () => {
  const shape: Shape = { settings: { clawback: "within_balance" } };
  const account = new TestAccount(shape);
  account.earn(10n, { key: keyNamed("sale"), expiresAt: NOON + DAY });
  account.burn(4n);
  account.now += 2 * DAY;
  const events = account.returnOf("sale");
  expect(posted(events.at(-1)!)).toEqual({ waived: 4n, "waived:claims": -4n });
});
