import { DAY, HOUR, NOON, type Shape, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import type { AccountCommand } from "../../src/domain/index.ts";
import type { AccountEvent } from "../../src/events.ts";
import { keyNamed, only, TestAccount } from "./support/account.ts";

function pair(shape: Shape = {}): [TestAccount, TestAccount] {
  const source = new TestAccount(shape, "m-1");
  return [source, new TestAccount(source.programme, "m-2")];
}

const send = (source: TestAccount, points: bigint) =>
  only(source.run({ type: "transfer", points, to: "m-2", transfer: "t" }), "TransferOut");

const receipt = ({ plan, effectiveAt }: AccountEvent<"TransferOut">): AccountCommand => ({
  type: "receive_transfer",
  transfer: "t",
  from: "m-1",
  lots: plan,
  effectiveAt,
});

const comeBack = ({ key: out, takes, effectiveAt }: AccountEvent<"TransferOut">): AccountCommand => ({
  type: "return_transfer",
  transfer: "t",
  out,
  takes,
  refusal: "balance_limit_exceeded",
  effectiveAt,
});

describe("a transfer", () => {
  test("keeps expiry, original earn time and vintage", () => {
    const [source, target] = pair();
    source.earn(10n, { expiresAt: NOON + 90 * DAY });
    source.earn(10n);
    source.now = target.now = NOON + 40 * DAY;
    const out = send(source, 15n);
    expect(out.plan).toEqual([
      {
        no: 1,
        amount: 10n,
        availableFrom: NOON + 40 * DAY,
        expiresAt: NOON + 90 * DAY,
        earnedAt: NOON,
        vintage: "2026-03",
      },
      { no: 2, amount: 5n, availableFrom: NOON + 40 * DAY, earnedAt: NOON, vintage: "2026-03" },
    ]);
    target.earn(1n);
    const received = only(target.run(receipt(out)), "TransferIn");
    expect(received).toMatchObject({ amount: 15n, book: 16n, effectiveAt: out.effectiveAt });
    expect(received.lots.map((lot) => lot.no)).toEqual([2, 3]);
    expect(target.balance(NOON + 90 * DAY).available).toBe(6n);
  });

  test("replaces the expiry where the policy says so, never the vintage", () => {
    const [source] = pair({
      settings: { transferExpiry: "replaced", expiry: { kind: "end_of_month", count: 0 } },
    });
    source.earn(10n, { expiresAt: null });
    source.now = NOON + 40 * DAY;
    expect(send(source, 10n).plan).toMatchObject([
      { expiresAt: Date.parse("2026-05-01T00:00+07:00"), earnedAt: NOON, vintage: "2026-03" },
    ]);
  });

  test("is burned by the receiver in the order of the original earns", () => {
    const [source, target] = pair();
    source.earn(10n);
    source.now = target.now = NOON + DAY;
    target.earn(10n, { occurredAt: NOON + HOUR });
    target.run(receipt(send(source, 10n)));
    expect(only(target.burn(12n), "PointsBurned").takes.map((take) => take.lot)).toEqual([2, 1]);
  });

  test("refused by the target is an event there, and comes back to the original lots", () => {
    const [source, target] = pair({ settings: { maxBalance: 12n } });
    source.earn(6n, { expiresAt: NOON + DAY });
    source.earn(6n);
    target.earn(5n);
    const out = send(source, 10n);
    expect(target.run(receipt(out))).toMatchObject([
      { type: "TransferInRefused", amount: 10n, refusal: "balance_limit_exceeded", book: 5n },
    ]);
    expect(only(source.run(comeBack(out)), "TransferReturned")).toMatchObject({ amount: 10n, book: 12n });
    expect(source.lots()).toEqual({ 1: 6n, 2: 6n });
    expect(source.balance().available).toBe(12n);
  });

  test("is measured by the balance limit in force now, however far back it is dated", () => {
    const lowered = settingsPublished({ maxBalance: 12n }, 2, NOON + DAY);
    const [source, target] = pair({ settings: { maxBalance: 15n }, more: [lowered] });
    source.earn(10n);
    target.earn(5n);
    const out = send(source, 10n);
    target.now = NOON + DAY;
    expect(target.run(receipt(out))).toMatchObject([{ type: "TransferInRefused" }]);
  });

  test("up to the balance limit is accepted", () => {
    const [source, target] = pair({ settings: { maxBalance: 15n } });
    source.earn(10n);
    target.earn(5n);
    expect(target.run(receipt(send(source, 10n)))).toMatchObject([{ type: "TransferIn", book: 15n }]);
  });

  test("is accepted or refused once: whatever came first stands", () => {
    const [source, target] = pair({ settings: { maxBalance: 12n } });
    source.earn(10n);
    target.earn(5n);
    const out = send(source, 10n);
    target.run(receipt(out));
    target.burn(5n);
    expect(target.decide(receipt(out))).toEqual({ repeated: { revision: 2 } });
    source.run(comeBack(out));
    expect(source.decide(comeBack(out))).toEqual({ repeated: { revision: 3 } });
  });

  test("that never left does not come back", () => {
    const [source] = pair();
    source.earn(10n);
    const out = { ...send(source, 10n), key: keyNamed("another") };
    expect(source.refusal(comeBack(out))).toBe("origin_unknown");
  });

  test("that comes back after its lots died expires then", () => {
    const [source] = pair();
    source.earn(10n, { expiresAt: NOON + HOUR });
    const out = send(source, 10n);
    source.now += DAY;
    const events = source.run({ ...comeBack(out), effectiveAt: NOON + DAY } as AccountCommand);
    expect(events.map((event) => event.type)).toEqual(["TransferReturned", "PointsExpired"]);
    expect(source.balance().book).toBe(0n);
  });

  test("that arrives after its lots died expires on arrival", () => {
    const [source, target] = pair();
    source.earn(10n, { expiresAt: NOON + HOUR });
    const out = send(source, 10n);
    target.now += DAY;
    const events = target.run(receipt(out));
    expect(events.map((event) => event.type)).toEqual(["TransferIn", "PointsExpired"]);
    expect(only(events, "PointsExpired")).toMatchObject({ effectiveAt: NOON + HOUR });
  });

  test("moves only what is available, not what is pending or held", () => {
    const [source] = pair({ rules: { spend: { pendingSeconds: 3_600 } } });
    source.spend(1_000n);
    source.earn(10n);
    source.hold(4n);
    const out = { type: "transfer", points: 7n, to: "m-2", transfer: "t" } as const;
    expect(source.refusal(out)).toBe("insufficient_points");
    expect(send(source, 6n).amount).toBe(6n);
  });
});
