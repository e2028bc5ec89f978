import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { dayEndReader, instantReader, timeFormat } from "../src/time-format.ts";

const iso = (format: string, zone: string, text: string) => {
  const at = instantReader(timeFormat(format), zone)(text);
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe("a format", () => {
  it.each([
    ["yyyy-MM-dd'T'HH:mm:ss", "2010-12-01T08:26:00", "2010-12-01T08:26:00.000Z"],
    ["yyyyMMdd", "19970101", "1997-01-01T00:00:00.000Z"],
    ["d/M/yyyy H:mm", "1/12/2010 8:26", "2010-12-01T08:26:00.000Z"],
    ["M/d/yyyy h:mm a", "12/1/2010 12:26 am", "2010-12-01T00:26:00.000Z"],
    ["M/d/yyyy hh:mm:ss a", "12/1/2010 12:26:05 PM", "2010-12-01T12:26:05.000Z"],
    ["yyyy-MM-dd HH:mm:ss.SSSXXX", "2010-12-01 08:26:00.125+07:00", "2010-12-01T01:26:00.125Z"],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", "2010-12-01T08:26:00Z", "2010-12-01T08:26:00.000Z"],
    ["dd.MM.yyyy HH 'o''clock'", "01.12.2010 08 o'clock", "2010-12-01T08:00:00.000Z"],
    ["dd.MM.yyyy''HH", "01.12.2010'08", "2010-12-01T08:00:00.000Z"],
    ["yyyy-MM-dd HH:mm:ss XXX", "2026-03-01 10:15:12 +0700", "2026-03-01T03:15:12.000Z"],
    ["yyyy-MM-dd HH:mm:ssXXX", "2026-03-01 10:15:12-05", "2026-03-01T15:15:12.000Z"],
    ["yyyy-MM-dd HH:mm:ss.SSSXXX", "2026-03-01 10:15:12.123456789Z", "2026-03-01T10:15:12.123Z"],
    ["yyyy-MM-dd HH:mm:ss.SSSSSS", "2026-03-01 10:15:12.5", "2026-03-01T10:15:12.500Z"],
    ["yyyy-MM-dd[ HH:mm[:ss]]", "2026-03-01", "2026-03-01T00:00:00.000Z"],
    ["yyyy-MM-dd[ HH:mm[:ss]]", "2026-03-01 10:15", "2026-03-01T10:15:00.000Z"],
    ["yyyy-MM-dd[ HH:mm[:ss]]", "2026-03-01 10:15:12", "2026-03-01T10:15:12.000Z"],
    ["dd/MM/yy", "01/03/26", "2026-03-01T00:00:00.000Z"],
    ["dd/MM/yy", "31/12/70", "1970-12-31T00:00:00.000Z"],
    ["dd/MM/yy", "31/12/69", "2069-12-31T00:00:00.000Z"],
    ["d-MMM-yyyy", "1-Mar-2026", "2026-03-01T00:00:00.000Z"],
    ["d MMMM yyyy", "1 MARCH 2026", "2026-03-01T00:00:00.000Z"],
    ["MMM d, yyyy", "Sept. 5, 2026", "2026-09-05T00:00:00.000Z"],
    ["d MMM yyyy", "1 มี.ค. 2026", "2026-03-01T00:00:00.000Z"],
    ["d MMM yyyy", "1 มีค 2026", "2026-03-01T00:00:00.000Z"],
    ["M/d/yyyy h:mm a", "3/2/2026 1:33\u202fPM", "2026-03-02T13:33:00.000Z"],
    ["'on' yyyy-MM-dd (HH+mm)", "on 2010-12-01 (08+26)", "2010-12-01T08:26:00.000Z"],
  ])("%s reads %s", (format, text, expected) => {
    expect(iso(format, "UTC", text)).toBe(expected);
  });

  it.each([
    "2010-12-01",
    "2010-12-01T08:26:00 ",
    "2010-13-01T08:26:00",
    "2011-02-29T08:26:00",
    "2010-12-00T08:26:00",
    "2010-12-01T24:00:00",
    "2010-12-01T08:60:00",
    "1969-12-31T23:59:59",
    "0000-01-01T00:00:00",
    "",
  ])("refuses %j, which is not in it or not in the calendar", (text) => {
    expect(iso("yyyy-MM-dd'T'HH:mm:ss", "UTC", text)).toBeUndefined();
  });

  it.each([
    ["d/M/yyyy", "31/12/2569", "2026-12-31T00:00:00.000Z"],
    ["d/M/yyyy", "29/2/2567", "2024-02-29T00:00:00.000Z"],
    ["d/M/yyyy", "31/12/2026", undefined],
    ["d/M/yyyy", "31/12/9999", "9999-12-31T00:00:00.000Z"],
    ["d/M/yy", "31/12/69", "2026-12-31T00:00:00.000Z"],
    ["d/M/yy", "31/12/13", "1970-12-31T00:00:00.000Z"],
    ["d/M/yy", "31/12/12", "2069-12-31T00:00:00.000Z"],
    ["d MMMM yyyy", "1 มกราคม 2569", "2026-01-01T00:00:00.000Z"],
  ])("%s of the Buddhist era reads %s as %s", (format, text, expected) => {
    const at = instantReader(timeFormat(format, "buddhist"), "UTC")(text);
    expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected);
  });

  it("knows the names of all months, in both languages, long and short", () => {
    for (const language of ["en", "th"]) {
      for (const month of ["long", "short"] as const) {
        const name = new Intl.DateTimeFormat(language, { month, timeZone: "UTC" });
        for (let at = 0; at < 12; at += 1) {
          const first = Date.UTC(2026, at, 1);
          expect(iso("d MMM yyyy", "UTC", `1 ${name.format(first)} 2026`)).toBe(
            new Date(first).toISOString(),
          );
        }
      }
    }
  });

  it("knows leap days", () => {
    expect(iso("yyyyMMdd", "UTC", "20000229")).toBeDefined();
    expect(iso("yyyyMMdd", "UTC", "21000229")).toBeUndefined();
  });

  it.each([
    ["yyyy-MM", "the day is missing"],
    ["yyyy-MM-dd QQ", "QQ is no part of a time"],
    ["yyyy-MM-dd yyyy", "the year stands in it twice"],
    ["yyyy-MM-dd h:mm", "go together"],
    ["yyyy-MM-dd'T", "not closed"],
    ["yyyy-MM-ddTHH", "T is no part"],
    ["yyyy-MM-dd[ HH", "square bracket"],
    ["yyyy-MM-dd] HH", "square bracket"],
    ["yyyy-MM-dd yy", "the year stands in it twice"],
    ["yyyy-MM-dd MMM", "the month stands in it twice"],
  ])("%s is refused: %s", (format, fault) => {
    expect(() => timeFormat(format)).toThrow(fault);
  });
});

describe("a local time", () => {
  const minute = "yyyy-MM-dd HH:mm";

  it.each([
    ["Europe/London", "2011-03-27 00:59", "2011-03-27T00:59:00.000Z"],
    ["Europe/London", "2011-03-27 02:00", "2011-03-27T01:00:00.000Z"],
    ["Asia/Bangkok", "2011-03-27 01:30", "2011-03-26T18:30:00.000Z"],
    ["Asia/Kathmandu", "2011-03-27 05:45", "2011-03-27T00:00:00.000Z"],
  ])("in %s, %s is %s", (zone, text, expected) => {
    expect(iso(minute, zone, text)).toBe(expected);
  });

  it.each([
    ["Europe/London", "2011-03-27 01:30", "2011-03-27T01:00:00.000Z"],
    ["America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00.000Z"],
    ["Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00.000Z"],
  ])("in a gap of %s, %s, is the first instant after it", (zone, text, expected) => {
    expect(iso(minute, zone, text)).toBe(expected);
  });

  it.each([
    ["Europe/London", "2011-10-30 01:30", "2011-10-30T01:30:00.000Z"],
    ["Australia/Lord_Howe", "2011-04-03 01:45", "2011-04-02T15:15:00.000Z"],
  ])("that happens twice in %s, %s, is the later of the two", (zone, text, expected) => {
    expect(iso(minute, zone, text)).toBe(expected);
  });

  it("comes back as the instant that it was written from, unless it happens twice", () => {
    const zones = fc.constantFrom(
      "Europe/London",
      "America/New_York",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "Asia/Bangkok",
    );
    const minutes = fc.integer({ min: 0, max: 35_000_000 });
    fc.assert(
      fc.property(zones, minutes, (zone, at) => {
        const instant = Temporal.Instant.fromEpochMilliseconds(at * 60_000);
        const local = instant.toZonedDateTimeISO(zone).toPlainDateTime();
        const text = `${local.toPlainDate()} ${local.toPlainTime().toString({ smallestUnit: "minute" })}`;
        const later = local.toZonedDateTime(zone, { disambiguation: "later" }).epochMilliseconds;
        if (later < 0) return;
        expect(instantReader(timeFormat(minute), zone)(text)).toBe(later);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a last valid day", () => {
  it.each([
    ["Asia/Bangkok", "31/12/2026", "2026-12-31T17:00:00.000Z"],
    ["Europe/London", "27/3/2011", "2011-03-27T23:00:00.000Z"],
    ["America/Sao_Paulo", "3/11/2018", "2018-11-04T03:00:00.000Z"],
    ["America/Havana", "31/10/2026", "2026-11-01T04:00:00.000Z"],
    ["America/New_York", "31/12/9999", "9999-12-31T23:59:59.999Z"],
  ])("in %s, %s, ends when the next day begins", (zone, text, end) => {
    const at = dayEndReader(timeFormat("d/M/yyyy"), zone)(text);
    expect(new Date(at ?? 0).toISOString()).toBe(end);
  });
});
