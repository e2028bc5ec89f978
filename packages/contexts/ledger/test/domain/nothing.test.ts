import { expect, test } from "vitest";
import { newAccount, replay, sumOfLots } from "../../src/domain/index.ts";
import { keyNamed, type Request, TestAccount } from "./support/account.ts";
import { plain } from "./support/plain.ts";

/** The edge lets no amount of zero through where it makes no sense; the domain is at ease with it all the same. */

function account(): TestAccount {
  const one = new TestAccount();
  one.earn(10n, { key: keyNamed("given") });
  one.spend(1_000n, { key: keyNamed("sale") });
  one.burn(4n, "burn");
  one.hold(3n);
  one.spend(0n, { key: keyNamed("nothing") });
  one.run({ type: "adjust", direction: "credit", points: 5_000n, reason: "goodwill" });
  one.run({ type: "transfer", points: 1n, to: "m-2", transfer: "t", key: keyNamed("sent") });
  return one;
}

const reverse = (origin: string | undefined, by: Extract<Request, { type: "reverse" }>["by"]): Request => ({
  type: "reverse",
  ...(origin === undefined ? {} : { origin: keyNamed(origin) }),
  by,
  reason: "return",
});

const transferBack: Request = {
  type: "return_transfer",
  transfer: "t",
  out: keyNamed("sent"),
  takes: [],
  refusal: "x",
  effectiveAt: 0,
};

test.each<[what: string, request: Request]>([
  ["an earn by points", { type: "earn", by: { points: 0n }, reason: "sale" }],
  ["an earn by spend", { type: "earn", by: { spend: 0n, money: "THB", rule: "spend" }, reason: "sale" }],
  ["a burn", { type: "burn", points: 0n, redemption: "reward" }],
  ["a hold", { type: "hold", points: 0n, redemption: "reward" }],
  ["a capture", { type: "capture", hold: 1, points: 0n }],
  ["a transfer", { type: "transfer", points: 0n, to: "m-2", transfer: "t" }],
  ["a receipt", { type: "receive_transfer", transfer: "t", from: "m-2", lots: [], effectiveAt: 0 }],
  ["a transfer back", transferBack],
  ["a credit", { type: "adjust", direction: "credit", points: 0n, reason: "r" }],
  ["a debit", { type: "adjust", direction: "debit", points: 0n, reason: "r" }],
  ["a write-off", { type: "adjust", direction: "write_off", points: 0n, reason: "r" }],
  ["a return by points", reverse("sale", { points: 0n })],
  ["a return by spend", reverse("sale", { spend: 0n })],
  ["a return of a sale that earned nothing", reverse("nothing", { all: true })],
  ["a return by spend of a sale of nothing", reverse("nothing", { spend: 0n })],
  ["a return without a sale", reverse(undefined, { points: 0n })],
  ["a burn given back", reverse("burn", { points: 0n })],
])("%s of nothing changes no balance and can be replayed", (_, request) => {
  const one = account();
  const before = one.balance();
  one.run(request);
  const after = one.balance();
  expect({ ...after, available: after.available + after.held, held: 0n }).toEqual({
    ...before,
    available: before.available + before.held,
    held: 0n,
  });
  expect(sumOfLots(one.state)).toBe(before.book);
  expect(plain(replay(newAccount(), one.log))).toEqual(plain(one.state));
});
