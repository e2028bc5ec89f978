import { at, HOUR, NOON, programmeOf, settingsPublished } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { only, TestAccount } from "./support/account.ts";

describe("an earn", () => {
  test("begins a lot that carries when, from what and until when", () => {
    const account = new TestAccount({ settings: { expiry: { kind: "end_of_year", count: 1 } } });
    expect(account.earn(100n)).toEqual([
      {
        type: "PointsEarned",
        programme: "p-1",
        member: "m-1",
        currency: "PTS",
        occurredAt: NOON,
        effectiveAt: NOON,
        book: 100n,
        key: { system: "pos", id: "k-1", leg: "main" },
        fingerprint: "0".repeat(32),
        lot: {
          no: 1,
          amount: 100n,
          availableFrom: NOON,
          expiresAt: at("2028-01-01T00:00+07:00"),
          earnedAt: NOON,
          vintage: "2026-03",
        },
        reason: "sale",
      },
    ]);
  });

  test("belongs to the local month of the sale", () => {
    const account = new TestAccount();
    account.now = at("2026-05-01T03:00+07:00");
    const late = account.earn(1n, { occurredAt: at("2026-04-30T23:59+07:00") });
    expect(only(late, "PointsEarned").lot.vintage).toBe("2026-04");
    expect(only(account.earn(1n), "PointsEarned").lot.vintage).toBe("2026-05");
  });

  test("may lie five minutes ahead of the clock, and can be spent at once all the same", () => {
    const account = new TestAccount();
    account.earn(100n, { occurredAt: NOON + 300_000 });
    expect(account.balance()).toMatchObject({ available: 100n, pending: 0n });
    account.burn(100n);
  });

  test("can be spent at once through an instance whose clock is behind", () => {
    const account = new TestAccount();
    account.earn(100n);
    account.now -= 1_000;
    account.burn(100n);
    expect(account.balance()).toMatchObject({ book: 0n });
  });

  test("with a date of its own, as an opening balance has, overrides the policy; null = never", () => {
    const account = new TestAccount({ settings: { expiry: { kind: "end_of_month", count: 0 } } });
    const own = account.earn(1n, { expiresAt: NOON + HOUR });
    expect(only(own, "PointsEarned").lot.expiresAt).toBe(NOON + HOUR);
    expect(only(account.earn(1n, { expiresAt: null }), "PointsEarned").lot).not.toHaveProperty("expiresAt");
  });

  test("that was over before it was told expires in the same append, when it was told of", () => {
    const account = new TestAccount();
    const events = account.earn(100n, { expiresAt: NOON - HOUR });
    expect(events.map((event) => event.type)).toEqual(["PointsEarned", "PointsExpired"]);
    expect(only(events, "PointsExpired")).toMatchObject({ amount: 100n, effectiveAt: NOON, book: 0n });
  });

  test("of no points is recorded, and leaves no open lot", () => {
    const account = new TestAccount({ rules: { spend: { minimumSpend: 1_000n } } });
    account.spend(10n);
    expect(account.lots()).toEqual({});
    expect(account.log).toHaveLength(1);
  });

  test("of as much as a command may move is exact, also a thousand times", () => {
    const account = new TestAccount();
    for (let i = 0; i < 1_000; i++) account.earn(10n ** 15n);
    expect(account.balance().available).toBe(10n ** 18n);
    account.burn(10n ** 15n);
    expect(account.balance().available).toBe(999n * 10n ** 15n);
  });
});

describe("definitions are versioned", () => {
  test("an expiry policy touches only what is earned from its validity on", () => {
    const account = new TestAccount({
      settings: { expiry: { kind: "end_of_year", count: 0 } },
      more: [settingsPublished({ expiry: { kind: "end_of_month", count: 0 } }, 2, NOON + HOUR)],
    });
    const expiry = (occurredAt: number) =>
      only(account.earn(1n, { occurredAt }), "PointsEarned").lot.expiresAt;
    account.now = NOON + 2 * HOUR;
    expect(expiry(NOON + HOUR)).toBe(at("2026-04-01T00:00+07:00"));
    expect(expiry(NOON + HOUR - 1)).toBe(at("2027-01-01T00:00+07:00"));
  });

  test("a change of time zone touches only what is earned from then on", () => {
    const programme = programmeOf({
      settings: { expiry: { kind: "end_of_month", count: 0 } },
      more: [{ type: "ProgrammeZoneChanged", programme: "p-1", zone: "Asia/Tokyo", validFrom: NOON + HOUR }],
    });
    const account = new TestAccount(programme);
    account.now = NOON + 2 * HOUR;
    const expiry = (occurredAt: number) =>
      only(account.earn(1n, { occurredAt }), "PointsEarned").lot.expiresAt;
    expect(expiry(NOON)).toBe(at("2026-04-01T00:00+07:00"));
    expect(expiry(NOON + HOUR)).toBe(at("2026-04-01T00:00+09:00"));
    account.now = at("2026-04-01T00:00+09:00");
    expect(account.balance()).toMatchObject({ available: 1n, due: 1n });
  });
});
