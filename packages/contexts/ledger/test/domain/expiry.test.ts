import { at, DAY, HOUR, NOON, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { nextDueAt } from "../../src/domain/index.ts";
import { only, TestAccount } from "./support/account.ts";

const MIDNIGHT = at("2026-04-01T00:00+07:00");
const monthly = { settings: { expiry: { kind: "end_of_month", count: 0 } } } as const;

describe("an expiry", () => {
  test("takes only what a partial burn left, so that the balance does not collapse", () => {
    const account = new TestAccount(monthly);
    account.earn(100n);
    account.burn(40n);
    account.now = MIDNIGHT;
    account.earn(25n);
    expect(account.balance()).toMatchObject({ book: 25n, available: 25n });
    expect(only(account.log, "PointsExpired")).toMatchObject({ amount: 60n, cause: "term" });
  });

  test("has effect at its due instant, however late it is recorded, and counts on the last valid day", () => {
    const account = new TestAccount(monthly);
    account.earn(100n);
    account.now = MIDNIGHT + 10 * DAY;
    expect(account.sweep()).toMatchObject([
      {
        type: "PointsExpired",
        occurredAt: MIDNIGHT,
        effectiveAt: MIDNIGHT,
        accountingDate: "2026-03-31",
        book: 0n,
      },
    ]);
  });

  test("cannot be outrun: a due lot is unusable from its instant on", () => {
    const account = new TestAccount(monthly);
    account.earn(100n);
    account.now = MIDNIGHT - 1;
    expect(account.balance()).toMatchObject({ available: 100n, due: 0n });
    account.now = MIDNIGHT;
    expect(account.balance()).toMatchObject({ book: 100n, available: 0n, due: 100n });
    expect(account.refusal({ type: "burn", points: 1n, redemption: "reward" })).toBe("insufficient_points");
    expect(account.refusal({ type: "hold", points: 1n, redemption: "reward" })).toBe("insufficient_points");
    const out = { type: "transfer", points: 1n, to: "m-2", transfer: "t" } as const;
    expect(account.refusal(out)).toBe("insufficient_points");
  });

  test("is of every kind of lot, not only of what was earned", () => {
    const account = new TestAccount(monthly);
    account.run({ type: "adjust", direction: "credit", points: 5n, reason: "goodwill" });
    account.run({
      type: "receive_transfer",
      transfer: "t",
      from: "m-2",
      effectiveAt: NOON,
      lots: [
        { no: 1, amount: 7n, availableFrom: NOON, earnedAt: NOON, vintage: "2026-03", expiresAt: MIDNIGHT },
      ],
    });
    account.earn(9n);
    account.now = MIDNIGHT;
    account.sweep();
    expect(account.balance().book).toBe(0n);
  });

  test("of many lots at one instant is one event, of several instants one each, in order of time", () => {
    const account = new TestAccount();
    account.earn(1n, { expiresAt: NOON + 2 * HOUR });
    account.earn(2n, { expiresAt: NOON + HOUR });
    account.earn(4n, { expiresAt: NOON + HOUR });
    account.now += DAY;
    expect(account.sweep()).toMatchObject([
      { amount: 6n, effectiveAt: NOON + HOUR, book: 1n },
      { amount: 1n, effectiveAt: NOON + 2 * HOUR, book: 0n },
    ]);
  });

  test("after a burn told ahead of time is not effective before that burn", () => {
    const account = new TestAccount();
    account.earn(10n, { expiresAt: NOON + 60_000 });
    account.run({ type: "burn", points: 4n, redemption: "reward", occurredAt: NOON + 300_000 });
    account.now += HOUR;
    expect(account.sweep()).toMatchObject([
      { amount: 6n, occurredAt: NOON + 60_000, effectiveAt: NOON + 300_000 },
    ]);
  });

  test("never happens to what never expires", () => {
    const account = new TestAccount();
    account.earn(10n);
    account.now += 36_500 * DAY;
    expect(account.sweep()).toEqual([]);
    expect(nextDueAt(account.state)).toBeUndefined();
  });
});

describe("inactivity", () => {
  const yearly = { settings: { inactivity: { count: 1, unit: "years" } } } as const;
  const end = at("2027-03-03T00:00+07:00");

  test("ends everything, after the term from the last earn, burn or capture", () => {
    const account = new TestAccount(yearly);
    account.earn(100n);
    expect(nextDueAt(account.state)).toBe(end);
    account.now = end - 1;
    expect(account.balance().available).toBe(100n);
    account.now = end;
    expect(account.sweep()).toMatchObject([
      { amount: 100n, cause: "inactivity", accountingDate: "2027-03-02" },
    ]);
  });

  test.each([
    ["an earn", (account: TestAccount) => account.earn(1n)],
    ["a burn", (account: TestAccount) => account.burn(1n)],
    ["a capture", (account: TestAccount) => account.run({ type: "capture", hold: 1 })],
  ])("is put off by %s", (_, act) => {
    const account = new TestAccount(yearly);
    account.earn(100n);
    account.now = end - DAY;
    account.hold(1n, 86_400);
    act(account);
    account.now = end + HOUR;
    expect(account.balance().available).toBeGreaterThan(0n);
  });

  test.each([
    ["a hold", (account: TestAccount) => account.hold(1n, 86_400)],
    [
      "a transfer in",
      (account: TestAccount) =>
        account.run({
          type: "receive_transfer",
          transfer: "t",
          from: "m-2",
          effectiveAt: account.now,
          lots: [{ no: 1, amount: 1n, availableFrom: NOON, earnedAt: NOON, vintage: "2026-03" }],
        }),
    ],
    [
      "an adjustment",
      (account: TestAccount) => account.run({ type: "adjust", direction: "credit", points: 1n, reason: "x" }),
    ],
  ])("is not put off by %s", (_, act) => {
    const account = new TestAccount(yearly);
    account.earn(100n);
    account.now = end - DAY;
    act(account);
    account.now = end + DAY;
    expect(account.balance()).toMatchObject({ available: 0n, held: 0n, pending: 0n });
  });

  test("takes the earlier of the lot's own expiry and the deadline", () => {
    const account = new TestAccount(yearly);
    account.earn(10n, { expiresAt: NOON + DAY });
    account.earn(20n);
    account.now = end;
    expect(account.sweep()).toMatchObject([
      { amount: 10n, cause: "term", effectiveAt: NOON + DAY },
      { amount: 20n, cause: "inactivity", effectiveAt: end },
    ]);
  });

  test("is not brought forward by late news of an earlier sale", () => {
    const account = new TestAccount(yearly);
    account.earn(100n);
    account.earn(1n, { occurredAt: NOON - 300 * DAY });
    expect(nextDueAt(account.state)).toBe(end);
  });

  const received = (at: number) =>
    ({
      type: "receive_transfer",
      transfer: "t",
      from: "m-2",
      effectiveAt: at,
      lots: [{ no: 1, amount: 5n, availableFrom: at, earnedAt: at, vintage: "2026-03" }],
    }) as const;

  test.each([
    ["an adjustment", { type: "adjust", direction: "credit", points: 5n, reason: "goodwill" } as const],
    ["a transfer", received(end + DAY)],
  ])("begins again with %s to an account that has been silent too long", (_, arrival) => {
    const account = new TestAccount(yearly);
    account.earn(100n);
    account.now = end + DAY;
    expect(account.run(arrival).map((event) => event.type)).toEqual([
      "PointsExpired",
      arrival.type === "adjust" ? "AdjustmentCredited" : "TransferIn",
    ]);
    expect(account.balance()).toMatchObject({ book: 5n, available: 5n });
    expect(account.balance(end + 400 * DAY)).toMatchObject({ due: 5n, available: 0n });
  });

  test("runs for an account that has only ever received, and is not put off by what it receives", () => {
    const account = new TestAccount(yearly);
    account.run(received(NOON));
    expect(nextDueAt(account.state)).toBe(end);
    account.now += 30 * DAY;
    account.run({ ...received(account.now), transfer: "t-2" });
    expect(nextDueAt(account.state)).toBe(end);
  });

  test("of a policy that came later stays when news from before it comes in", () => {
    const shape = { more: [settingsPublished(yearly.settings, 2, NOON)] };
    const account = new TestAccount(shape);
    account.earn(100n);
    account.earn(1n, { occurredAt: NOON - DAY });
    expect(nextDueAt(account.state)).toBe(end);
  });

  test("of a policy that is no more is not called up by news from its time", () => {
    const account = new TestAccount({ ...yearly, more: [settingsPublished({}, 2, NOON)] });
    account.earn(100n);
    account.earn(1n, { occurredAt: NOON - 400 * DAY });
    expect(nextDueAt(account.state)).toBeUndefined();
    expect(account.balance().available).toBe(101n);
  });
});
