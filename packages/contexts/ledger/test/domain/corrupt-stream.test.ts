import { HOUR } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { CorruptStream, evolve, newAccount, replay } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, only, TestAccount } from "./support/account.ts";

/** A stream with a burn, an open hold, a capture, a return and debt in it. */
function stream(): AccountEvent[] {
  const account = new TestAccount();
  account.earn(100n, { key: keyNamed("sale") });
  account.burn(30n);
  account.hold(20n);
  account.hold(10n);
  account.run({ type: "capture", hold: 2, points: 5n });
  account.returnOf("sale", { points: 60n });
  return account.log;
}

const common = { programme: "p-1", member: "m-1", currency: "PTS", occurredAt: 0, effectiveAt: 0, book: 0n };
const commanded = { ...common, key: keyNamed("x"), fingerprint: "" };
const asked = { adjustment: 1, direction: "debit", amount: 0n, reason: "r", requestedBy: "a" } as const;
const take = (lot: number, amount: bigint) => [{ lot, amount, vintage: "2026-03" }];
const newLot = (no: number) => ({ no, amount: 1n, availableFrom: 0, earnedAt: 0, vintage: "2026-03" });

describe("a stream that contradicts itself is named as such", () => {
  const burned = { type: "PointsBurned", ...commanded, redemption: "reward" } as const;
  const expired = { type: "PointsExpired", ...common, accountingDate: "2026-03-02", cause: "term" } as const;
  const returned = { transfer: "t", refusal: "r", key: keyNamed("x") };
  test.each<[fault: string, event: AccountEvent]>([
    ["takes more than a lot has free", { ...burned, amount: 99n, takes: take(1, 99n) }],
    ["takes what a hold has named", { ...burned, amount: 11n, takes: take(1, 11n) }],
    ["takes from a lot that never was", { ...burned, amount: 1n, takes: take(7, 1n) }],
    ["expires more than there is", { ...expired, amount: 99n, takes: take(1, 99n) }],
    ["repays debt that is not there", { type: "DebtRepaid", ...common, amount: 40n, takes: take(1, 1n) }],
    [
      "writes off debt that is not there",
      {
        type: "DebtWrittenOff",
        ...commanded,
        amount: 99n,
        reason: "r",
        requestedBy: "a",
      },
    ],
    ["approves what does not wait", { type: "AdjustmentDebited", ...commanded, ...asked, takes: [] }],
    ["rejects what does not wait", { type: "AdjustmentRejected", ...commanded, ...asked, rejectedBy: "b" }],
    ["withdraws what does not wait", { type: "AdjustmentWithdrawn", ...commanded, ...asked }],
    ["lets lapse what does not wait", { type: "AdjustmentLapsed", ...common, ...asked }],
    [
      "holds what is not free",
      {
        type: "HoldPlaced",
        ...commanded,
        hold: 3,
        amount: 99n,
        takes: take(1, 99n),
        timeoutAt: 1,
        redemption: "r",
      },
    ],
    [
      "captures a hold that is over",
      { type: "HoldCaptured", ...commanded, hold: 2, amount: 0n, takes: [], released: [], redemption: "r" },
    ],
    ["voids a hold that never was", { type: "HoldVoided", ...commanded, hold: 9, released: [] }],
    ["times a hold out that is over", { type: "HoldTimedOut", ...common, hold: 2, released: [] }],
    [
      "gives a lot more than was ever taken from it",
      {
        type: "BurnReversed",
        ...commanded,
        origin: 2,
        amount: 99n,
        restored: take(1, 99n),
        replacements: [],
        redemption: "r",
        reason: "r",
      },
    ],
    [
      "returns a transfer to a lot that never was",
      { type: "TransferReturned", ...common, ...returned, amount: 1n, restored: take(9, 1n) },
    ],
    [
      "begins a lot a second time",
      {
        type: "TransferIn",
        ...common,
        transfer: "t",
        from: "m-2",
        amount: 1n,
        lots: [newLot(1)],
        key: keyNamed("x"),
      },
    ],
    [
      "reverses more of a sale than it earned",
      {
        type: "EarnReversed",
        ...commanded,
        amount: 50n,
        origins: [{ lot: 1, amount: 50n, own: 0n, restored: 0n, spent: 0n, waived: 0n, expired: 50n }],
        takes: [],
        debt: 0n,
        policy: "unlimited",
        issuance: [],
        unreferenced: false,
        unmatched: 0n,
        reason: "r",
      },
    ],
    ["is of a type that nobody knows", { type: "PointsInvented", ...common } as unknown as AccountEvent],
  ])("%s", (_, event) => {
    const state = replay(newAccount(), stream());
    expect(() => evolve(state, event)).toThrow(CorruptStream);
  });

  test("by the revision at which it does", () => {
    const log = stream();
    const doubled = [...log.slice(0, 3), log[0] as AccountEvent];
    expect(() => replay(newAccount(), doubled)).toThrow(
      /^event 4 of the stream: lot 1 begins a second time$/,
    );
  });

  test("where the balance that an event states is not the sum of the lots", () => {
    const altered = stream().map((event) =>
      event.type === "PointsBurned" ? { ...event, book: 71n } : event,
    );
    expect(() => replay(newAccount(), altered)).toThrow("it states a book balance of 71, its lots sum to 70");
  });

  test("where an event in the middle is missing", () => {
    const log = stream();
    for (let gap = 0; gap < log.length - 1; gap++) {
      if (log[gap]?.type.startsWith("Hold")) continue;
      const cut = log.filter((_, i) => i !== gap);
      expect(() => replay(newAccount(), cut), `without event ${gap + 1}`).toThrow(CorruptStream);
    }
  });
});

describe("a waiver or a recovery that contradicts those before it is named as such", () => {
  /** Waiver 1 is paid, of waiver 2 are 30 left. */
  function waived(): AccountEvent[] {
    const account = new TestAccount({ settings: { clawback: "within_balance" } });
    account.earn(100n, { key: keyNamed("sale") });
    account.hold(30n);
    account.hold(70n);
    account.returnOf("sale", { points: 10n });
    account.returnOf("sale", { points: 50n });
    account.run({ type: "void", hold: 1 });
    return account.log;
  }

  const pays = (...amounts: readonly [waiver: number, amount: bigint][]): AccountEvent => ({
    type: "WaiverRecovered",
    ...common,
    amount: 0n,
    takes: [],
    returns: amounts.map(([waiver, amount]) => ({
      waiver,
      lot: 1,
      source: "pos",
      unreferenced: false,
      amount,
    })),
  });
  const origin = { lot: 1, amount: 1n, own: 0n, restored: 0n, spent: 1n, waived: 1n, expired: 0n };
  const waives = (...numbers: readonly number[]): AccountEvent => ({
    type: "EarnReversed",
    ...commanded,
    amount: 1n,
    origins: numbers.map((waiver) => ({ ...origin, waiver })),
    takes: [],
    debt: 0n,
    policy: "within_balance",
    issuance: [],
    unreferenced: false,
    unmatched: 0n,
    reason: "r",
  });

  test.each<[fault: string, event: AccountEvent, message: string]>([
    ["a recovery of a waiver that never was", pays([3, 1n]), "waiver 3 is not open"],
    ["a recovery of a waiver that is paid", pays([1, 1n]), "waiver 1 is not open"],
    ["a recovery of more than is left", pays([2, 31n]), "takes 31 for waiver 2, left 30"],
    [
      "a recovery of more than is left, piece by piece",
      pays([2, 20n], [2, 20n]),
      "takes 40 for waiver 2, left 30",
    ],
    ["a recovery of one that is open and one that is not", pays([2, 30n], [1, 1n]), "waiver 1 is not open"],
    ["a waiver whose number is taken", waives(2), "waiver 2 begins a second time"],
    ["two waivers of one number in an event", waives(3, 3), "waiver 3 begins a second time"],
  ])("%s", (_, event, message) => {
    expect(() => evolve(replay(newAccount(), waived()), event)).toThrow(
      new CorruptStream(waived().length + 1, message),
    );
  });

  test("and all that is left can be recovered", () => {
    const state = replay(newAccount(), waived());
    expect(evolve(state, pays([2, 29n])).waived.size).toBe(1);
    expect(evolve(state, pays([2, 1n])).waived.size).toBe(0);
  });
});

test("an altered amount anywhere in a stream is found by its replay", () => {
  const log = stream();
  const burned = only(log, "PointsBurned");
  const altered = log.map((event) =>
    event === burned ? { ...burned, takes: [{ ...burned.takes[0]!, amount: 29n }] } : event,
  );
  expect(() => replay(newAccount(), altered)).toThrow(CorruptStream);
});

test("a further part of a capture needs no hold: the first part ended it", () => {
  const account = new TestAccount();
  account.earn(10n);
  account.hold(10n);
  const [first] = account.run({ type: "capture", hold: 1, points: 4n });
  const second = { ...only([first!], "HoldCaptured"), part: { index: 2, count: 2 }, amount: 1n };
  account.now += HOUR;
  evolve(account.state, { ...second, takes: [{ lot: 1, amount: 1n, vintage: "2026-03" }], book: 5n });
  expect(account.balance().available).toBe(5n);
});
