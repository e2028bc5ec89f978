import { MAX_BALANCE } from "@taem/kernel";
import { describe, expect, test } from "vitest";
import type { RefusalCode } from "../../src/domain/index.ts";
import { accountEvents } from "../../src/events.ts";
import { keyNamed, type Request, TestAccount } from "./support/account.ts";

const code: RefusalCode = "balance_too_large";

/** An account with room for five more points, whatever its lots say. */
function nearlyFull(prepare: (account: TestAccount) => void = () => {}, adjustmentLimit = 0n): TestAccount {
  const account = new TestAccount({ settings: { adjustmentLimit } });
  prepare(account);
  account.state.book = MAX_BALANCE - 5n;
  return account;
}

const earn = (points: bigint): Request => ({ type: "earn", by: { points }, reason: "sale" });
const reverse = (points: bigint): Request => ({
  type: "reverse",
  origin: keyNamed("origin"),
  by: { points },
  reason: "return",
});

describe("an account holds 10^18 minor units at most:", () => {
  const burned = (account: TestAccount) => {
    account.earn(10n);
    account.run({ type: "burn", points: 10n, redemption: "reward", key: keyNamed("origin") });
  };
  const asked = (points: bigint) => (account: TestAccount) => {
    account.run({ type: "adjust", direction: "credit", points, reason: "goodwill" });
    account.actor = "till-2";
  };

  test.each<[string, (points: bigint) => TestAccount, (points: bigint) => Request]>([
    ["an earn", () => nearlyFull(), earn],
    [
      "an earn under a rule",
      () => nearlyFull(),
      (points) => ({
        type: "earn",
        by: { spend: 100n * points, money: "THB", rule: "spend" },
        reason: "sale",
      }),
    ],
    ["a burn that is given back", () => nearlyFull(burned), reverse],
    [
      "an adjustment that is approved",
      (points) => nearlyFull(asked(points)),
      () => ({ type: "approve", adjustment: 1 }),
    ],
  ])("%s", (_, account, request) => {
    expect(account(6n).refusal(request(6n))).toBe(code);
    expect(account(5n).decide(request(5n))).toHaveProperty("accepted");
  });

  test("an adjustment that needs no approval", () => {
    const account = nearlyFull(undefined, 10n);
    const credit = (points: bigint): Request => ({
      type: "adjust",
      direction: "credit",
      points,
      reason: "goodwill",
    });
    expect(account.refusal(credit(6n))).toBe(code);
    expect(account.decide(credit(5n))).toHaveProperty("accepted");
  });

  test("a transfer is refused on record, so that its points go home", () => {
    const source = new TestAccount({}, "m-2");
    source.earn(10n);
    const receive = (points: bigint): Request => {
      const [out] = source.run({ type: "transfer", points, to: "m-1", transfer: `t-${points}` });
      if (out?.type !== "TransferOut") throw new Error("nothing left the source");
      const { transfer, plan: lots, effectiveAt } = out;
      return { type: "receive_transfer", transfer, from: "m-2", lots, effectiveAt };
    };
    expect(nearlyFull().decide(receive(6n))).toMatchObject({
      accepted: [{ type: "TransferInRefused", amount: 6n, refusal: "balance_limit_exceeded" }],
    });
    expect(nearlyFull().decide(receive(4n))).toMatchObject({ accepted: [{ type: "TransferIn" }] });
  });

  test("a transfer that comes back is taken, for its points have nowhere else to go", () => {
    const account = new TestAccount();
    account.earn(10n);
    const [out] = account.run({
      type: "transfer",
      points: 10n,
      to: "m-2",
      transfer: "t",
      key: keyNamed("out"),
    });
    if (out?.type !== "TransferOut") throw new Error("nothing left");
    account.state.book = MAX_BALANCE;
    const { transfer, takes, effectiveAt } = out;
    const refusal = "balance_limit_exceeded";
    const back: Request = {
      type: "return_transfer",
      transfer,
      out: keyNamed("out"),
      takes,
      refusal,
      effectiveAt,
    };
    const decision = account.decide(back);
    if (!("accepted" in decision)) throw new Error("the points are lost");
    const [event] = decision.accepted;
    expect(event).toMatchObject({ type: "TransferReturned", book: MAX_BALANCE + 10n });
    if (event !== undefined) expect(accountEvents.encode(event)).toContain(String(MAX_BALANCE + 10n));
  });

  test("whoever is above it all the same may go down, and no further up", () => {
    const account = nearlyFull((one) => one.earn(10n));
    account.state.book = MAX_BALANCE + 100n;
    expect(account.refusal(earn(1n))).toBe(code);
    expect(account.decide({ type: "burn", points: 1n, redemption: "reward" })).toHaveProperty("accepted");
    expect(account.decide({ type: "hold", points: 1n, redemption: "reward" })).toHaveProperty("accepted");
  });
});

describe("a member owes 10^18 minor units at most:", () => {
  /** Ten points earned and spent, by a member who owes all but five of what can be owed. */
  function indebted(): TestAccount {
    const account = new TestAccount({ settings: { clawback: "unlimited" } });
    account.earn(10n, { key: keyNamed("origin") });
    account.burn(10n);
    account.state.debt = MAX_BALANCE - 5n;
    return account;
  }

  test("a return that would make more debt is refused", () => {
    expect(indebted().refusal(reverse(6n))).toBe(code);
    expect(indebted().decide(reverse(5n))).toMatchObject({ accepted: [{ type: "EarnReversed", debt: 5n }] });
  });

  test("whoever owes more all the same may earn, and repays", () => {
    const account = indebted();
    account.state.debt = MAX_BALANCE + 100n;
    const decision = account.decide(earn(10n));
    expect(decision).toMatchObject({
      accepted: [{ type: "PointsEarned" }, { type: "DebtRepaid", amount: 10n }],
    });
  });
});
