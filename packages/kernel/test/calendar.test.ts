import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterTerm, type ExpiryPolicy, expiryOf, isZone, lastValidDate, localDate } from "../src/index.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);

const years = (count: number): ExpiryPolicy => ({ kind: "term", term: { count, unit: "years" } });
const months = (count: number): ExpiryPolicy => ({ kind: "term", term: { count, unit: "months" } });
const days = (count: number): ExpiryPolicy => ({ kind: "term", term: { count, unit: "days" } });
const endOfMonth = (count: number): ExpiryPolicy => ({ kind: "end_of_month", count });
const endOfYear = (count: number): ExpiryPolicy => ({ kind: "end_of_year", count });

describe("points die", () => {
  test.each<[fact: string, policy: ExpiryPolicy, zone: string, earned: string, expires: string]>([
    [
      "29 February + 1 year: valid through 28 February",
      years(1),
      "Asia/Bangkok",
      "2024-02-29T12:00+07:00",
      "2025-03-01T00:00+07:00",
    ],
    [
      "29 February + 4 years: valid through 29 February",
      years(4),
      "Asia/Bangkok",
      "2024-02-29T12:00+07:00",
      "2028-03-01T00:00+07:00",
    ],
    [
      "28 February + 1 year into a leap year: valid through 28 February",
      years(1),
      "Asia/Bangkok",
      "2023-02-28T12:00+07:00",
      "2024-02-29T00:00+07:00",
    ],
    [
      "31 January + 1 month: valid through 28 February",
      months(1),
      "Asia/Bangkok",
      "2026-01-31T23:59+07:00",
      "2026-03-01T00:00+07:00",
    ],
    [
      "0 days: through the day of the earn",
      days(0),
      "Asia/Bangkok",
      "2026-05-05T00:00+07:00",
      "2026-05-06T00:00+07:00",
    ],
    [
      "365 days, 29 February among them",
      days(365),
      "Asia/Bangkok",
      "2024-01-01T09:00+07:00",
      "2025-01-01T00:00+07:00",
    ],
    [
      "end of the month, earned in its last minute",
      endOfMonth(0),
      "Asia/Bangkok",
      "2026-01-31T23:59+07:00",
      "2026-02-01T00:00+07:00",
    ],
    [
      "end of the month, earned in its first instant",
      endOfMonth(0),
      "Asia/Bangkok",
      "2026-02-01T00:00+07:00",
      "2026-03-01T00:00+07:00",
    ],
    [
      "end of the month after, from the 31st",
      endOfMonth(1),
      "Asia/Bangkok",
      "2026-01-31T12:00+07:00",
      "2026-03-01T00:00+07:00",
    ],
    [
      "end of the same month two years on",
      endOfMonth(24),
      "Asia/Bangkok",
      "2026-02-10T12:00+07:00",
      "2028-03-01T00:00+07:00",
    ],
    [
      "end of the year of the earn",
      endOfYear(0),
      "Asia/Bangkok",
      "2026-12-31T23:59+07:00",
      "2027-01-01T00:00+07:00",
    ],
    [
      "end of the 2nd year after",
      endOfYear(2),
      "Asia/Bangkok",
      "2026-01-01T00:00+07:00",
      "2029-01-01T00:00+07:00",
    ],
    [
      "a local day is not a UTC day",
      endOfYear(0),
      "Asia/Bangkok",
      "2026-12-31T17:00Z",
      "2028-01-01T00:00+07:00",
    ],
    [
      "midnight in a gap: the first instant after it (São Paulo)",
      days(1),
      "America/Sao_Paulo",
      "2018-11-02T12:00-03:00",
      "2018-11-04T01:00-02:00",
    ],
    [
      "midnight in a gap: the first instant after it (Beirut)",
      days(1),
      "Asia/Beirut",
      "2026-03-27T12:00+02:00",
      "2026-03-29T01:00+03:00",
    ],
    [
      "midnight twice: the earlier one (Havana)",
      days(1),
      "America/Havana",
      "2026-10-30T12:00-04:00",
      "2026-11-01T00:00-04:00",
    ],
    [
      "the end of a month whose next begins twice (Havana)",
      endOfMonth(0),
      "America/Havana",
      "2026-10-30T12:00-04:00",
      "2026-11-01T00:00-04:00",
    ],
    [
      "a day that never was: the first instant after it (Apia)",
      days(0),
      "Pacific/Apia",
      "2011-12-29T12:00-10:00",
      "2011-12-31T00:00+14:00",
    ],
    [
      "a gap that begins before midnight: the first instant after it (Toronto)",
      days(1),
      "America/Toronto",
      "1919-03-29T12:00-05:00",
      "1919-03-31T00:30-04:00",
    ],
    [
      "a gap elsewhere in the day moves nothing (Berlin)",
      days(1),
      "Europe/Berlin",
      "2026-03-28T12:00+01:00",
      "2026-03-30T00:00+02:00",
    ],
  ])("%s", (_, policy, zone, earned, expires) => {
    expect(new Date(expiryOf(policy, zone, at(earned)) ?? 0)).toEqual(new Date(at(expires)));
  });

  test("never, under that policy", () => {
    expect(expiryOf({ kind: "never" }, "Asia/Bangkok", at("2026-01-01T00:00Z"))).toBeUndefined();
  });

  test("at the same instant for all that is earned on one local day, and never earlier for what is earned later", () => {
    const zones = fc.constantFrom("Asia/Bangkok", "America/Sao_Paulo", "America/Havana", "Asia/Beirut");
    const policies = fc.constantFrom(days(0), days(30), months(1), years(1), endOfMonth(0), endOfYear(1));
    const instants = fc.integer({ min: at("2010-01-01T00:00Z"), max: at("2030-01-01T00:00Z") });
    fc.assert(
      fc.property(
        zones,
        policies,
        instants,
        fc.integer({ min: 0, max: 2 * DAY }),
        (zone, policy, earned, gap) => {
          const first = expiryOf(policy, zone, earned) as number;
          const second = expiryOf(policy, zone, earned + gap) as number;
          expect(first).toBeGreaterThan(earned);
          expect(second).toBeGreaterThanOrEqual(first);
          if (localDate(zone, earned) === localDate(zone, earned + gap)) expect(second).toBe(first);
        },
      ),
      { numRuns: 500, interruptAfterTimeLimit: 3_000 },
    );
  });
});

describe("a local day", () => {
  test("is the one that the zone's own calendar shows, in whatever order it is asked for", () => {
    const zones = ["Asia/Bangkok", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Pacific/Apia"];
    const shown = new Map(
      zones.map((timeZone) => [
        timeZone,
        new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }),
      ]),
    );
    // Near transitions at midnight, and hours apart, so that remembered days are asked for again.
    const base = fc.constantFrom(
      at("2018-11-04T03:00Z"),
      at("2026-11-01T04:00Z"),
      at("2026-03-28T22:00Z"),
      at("2011-12-30T10:00Z"),
      at("2026-06-01T17:00Z"),
    );
    const instant = fc
      .tuple(base, fc.integer({ min: -72, max: 72 }))
      .map(([start, hours]) => start + hours * HOUR);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...zones), instant), { maxLength: 40 }), (asked) => {
        for (const [zone, when] of asked) expect(localDate(zone, when)).toBe(shown.get(zone)?.format(when));
      }),
      { numRuns: 300, interruptAfterTimeLimit: 3_000 },
    );
  });

  test("of 23 hours is over after 23 hours, also when it was just asked for", () => {
    expect(localDate("America/Sao_Paulo", at("2018-11-04T12:00-02:00"))).toBe("2018-11-04");
    expect(localDate("America/Sao_Paulo", at("2018-11-05T00:30-02:00"))).toBe("2018-11-05");
  });

  test("that a term ends with is the start day plus the term", () => {
    const zones = fc.constantFrom("Asia/Bangkok", "America/Sao_Paulo", "Asia/Beirut", "Europe/Berlin");
    const instants = fc.integer({ min: at("2010-01-01T00:00Z"), max: at("2030-01-01T00:00Z") });
    fc.assert(
      fc.property(zones, instants, fc.integer({ min: 0, max: 400 }), (zone, start, count) => {
        const lastDay = lastValidDate(zone, afterTerm(zone, start, { count, unit: "days" }));
        const apart = Date.parse(`${lastDay}T00:00Z`) - Date.parse(`${localDate(zone, start)}T00:00Z`);
        expect(apart).toBe(count * DAY);
      }),
      { numRuns: 500, interruptAfterTimeLimit: 3_000 },
    );
  });
});

test("a zone is one that the runtime knows", () => {
  expect(isZone("Asia/Bangkok")).toBe(true);
  expect(isZone("Asia/Atlantis")).toBe(false);
  expect(isZone("")).toBe(false);
});
