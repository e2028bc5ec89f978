import { endOf, expiryOf, isInCalendar, localDate } from "@taem/kernel";
import { at, DAY, NOON } from "@taem/programme/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newAccount } from "../../src/domain/account-state.ts";
import { replay } from "../../src/domain/index.ts";
import { only, TestAccount } from "./support/account.ts";

// The ledger keeps time in the years 1970 to 9999, by the instant and by the local day. An end in the last year means
// never.

const LAST = at("9999-12-31T23:59:59.999Z");
const ZONES = ["Asia/Bangkok", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"];
const NEVER = ["9999-12-31T23:59:59.999Z", "9999-12-31T00:00+07:00", "9999-01-01T00:00+14:00"];

test("an instant is in the calendar while both it and its local day are", () => {
  const edges = [0, LAST].flatMap((edge) => [-2, -1, 0, 1, 2].map((hours) => edge + hours * 7 * 3_600_000));
  const instants = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: -DAY, max: LAST + DAY }));
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (timeZone, instant) => {
      const format = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", era: "short" });
      const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
      const year = Number(parts["year"]);
      const expected = instant >= 0 && instant <= LAST && year >= 1970 && year <= 9999;
      expect(isInCalendar(timeZone, instant)).toBe(expected);
    }),
  );
});

test("every instant that an event can hold has a local day of four-digit year", () => {
  const instants = fc.integer({ min: 0, max: 2 ** 52 - 1 });
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (zone, instant) => {
      expect(localDate(zone, instant)).toMatch(/^\d{4}-\d\d-\d\d$/);
    }),
  );
  expect(localDate("Asia/Bangkok", LAST)).toBe("9999-12-31");
  expect(localDate("Asia/Bangkok", LAST + 500 * DAY)).toBe("9999-12-31");
});

describe("an end in the year 9999 is never", () => {
  test.each(NEVER)("%s", (end) => {
    expect(endOf(at(end))).toBe(Number.POSITIVE_INFINITY);
    const account = new TestAccount();
    const { lot } = only(account.earn(10n, { expiresAt: at(end) }), "PointsEarned");
    expect(lot).not.toHaveProperty("expiresAt");
    account.now = LAST - DAY;
    expect(account.balance()).toMatchObject({ book: 10n, available: 10n, due: 0n });
  });

  test("of a policy too", () => {
    const policy = { kind: "term", term: { count: 8_000, unit: "years" } } as const;
    expect(expiryOf(policy, "Asia/Bangkok", NOON)).toBeUndefined();
    const account = new TestAccount({ settings: { expiry: policy, inactivity: policy.term } });
    account.earn(10n);
    expect(account.state.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test("also of an event that an earlier program wrote", () => {
    const account = new TestAccount({ settings: { expiry: { kind: "never" } } });
    const [earned] = account.earn(10n) as [ReturnType<typeof only<"PointsEarned">>];
    const before = { ...earned, lot: { ...earned.lot, expiresAt: LAST + 5 * 3_600_000 }, deadline: LAST };
    const state = replay(newAccount(), [before]);
    expect(state.lots.get(1)?.expiresAt).toBe(Number.POSITIVE_INFINITY);
    expect(state.deadline).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("refused", () => {
  const earn = (more: object, zone = "Asia/Bangkok") => {
    const account = new TestAccount({ zone });
    const result = account.refusal({ type: "earn", by: { points: 1n }, reason: "sale", ...more });
    return result;
  };

  test("an expiry of more than a hundred years", () => {
    expect(earn({ expiresAt: at("2126-03-03T00:00+07:00") })).toBeUndefined();
    expect(earn({ expiresAt: at("2126-03-03T00:00+07:00") + 1 })).toBe("expiry_too_far");
    expect(earn({ expiresAt: at("2569-12-31T00:00+07:00") })).toBe("expiry_too_far");
    expect(earn({ expiresAt: at("9998-12-31T00:00+07:00") })).toBe("expiry_too_far");
  });

  test("a time whose local day lies before 1970", () => {
    expect(earn({ occurredAt: at("1970-01-01T00:00Z") }, "America/New_York")).toBe("time_out_of_range");
    expect(earn({ occurredAt: at("1970-01-01T00:00-05:00") }, "America/New_York")).toBeUndefined();
    expect(earn({ expiresAt: at("1970-01-01T00:00Z") }, "America/New_York")).toBe("time_out_of_range");
    expect(earn({ expiresAt: at("1970-01-01T00:00Z") })).toBeUndefined();
  });

  test("all that happens when the local year 10000 has begun", () => {
    const account = new TestAccount();
    account.now = at("9999-12-31T23:00Z");
    expect(account.refusal({ type: "earn", by: { points: 1n }, reason: "sale" })).toBe("time_out_of_range");
  });
});
