import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cursor, fields, pageFrom } from "../src/index.ts";

const { amount, amountOrZero, formatInstant, instant, memberRef, source, total, uuid } = fields;

describe("an amount", () => {
  it("is the same integer on the wire and inside, from 1 to 10^15", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: fields.MAX_AMOUNT }), (value) => {
        expect(z.decode(amount, String(value))).toBe(value);
        expect(z.encode(amount, value)).toBe(String(value));
      }),
    );
  });

  it("accepts no other text than what it writes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.e_ ]{1,18}$/)), (text) => {
        const parsed = amount.safeParse(text);
        if (parsed.success) expect(String(parsed.data)).toBe(text);
      }),
    );
  });

  it("may be 0 only where that is said", () => {
    expect(amountOrZero.parse("0")).toBe(0n);
    expect(amount.safeParse("0").success).toBe(false);
    expect(amountOrZero.safeParse("-0").success).toBe(false);
  });
});

describe("a total", () => {
  it("takes any integer, below 0 and above 10^15 too", () => {
    fc.assert(
      fc.property(fc.bigInt(), (value) => void expect(total.parse(String(value))).toBe(String(value))),
    );
    for (const wrong of ["", "-0", "007", "1.0", "+1"]) expect(total.safeParse(wrong).success).toBe(false);
  });
});

describe("an instant", () => {
  it.each([
    ["2026-11-05T10:00:00+07:00", Date.UTC(2026, 10, 5, 3)],
    ["2026-11-05T10:00:00Z", Date.UTC(2026, 10, 5, 10)],
    ["2026-11-05T10:00:00.5-03:30", Date.UTC(2026, 10, 5, 13, 30, 0, 500)],
    ["2026-11-05T10:00:00.123999999Z", Date.UTC(2026, 10, 5, 10, 0, 0, 123)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["1970-01-01T07:00:00+07:00", 0],
  ])("%s is %d", (text, at) => {
    expect(instant.parse(text)).toBe(at);
  });

  it.each([
    "2026-11-05",
    "2026-11-05T10:00:00",
    "2026-11-05 10:00:00Z",
    "2026-11-05t10:00:00z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-11-05T24:00:01Z",
    "2026-11-05T10:60:00Z",
    "2026-11-05T10:00:60Z",
    "2026-11-05T10:00:00+25:00",
    "2026-11-05T10:00:00+07",
    "2026-11-05T10:00:00.Z",
    "1969-12-31T23:59:59Z",
    "+002026-11-05T10:00:00Z",
  ])("is not %s", (text) => {
    expect(instant.safeParse(text).success).toBe(false);
  });

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
        expect(instant.parse(formatInstant(at))).toBe(at);
      }),
    );
  });
});

describe("a member", () => {
  it("is our id, in lower case, or the caller's, as it stands", () => {
    const id = "019A51D2-7C3E-7B4A-9F00-5D2C1E8A4B61";
    expect(memberRef.parse(id)).toEqual({ id: id.toLowerCase() });
    expect(memberRef.parse(`ext:${id}`)).toEqual({ externalId: id });
    expect(memberRef.parse("ext:สมชาย 7")).toEqual({ externalId: "สมชาย 7" });
    expect(z.encode(memberRef, { externalId: "C-1" })).toBe("ext:C-1");
    expect(z.encode(memberRef, { id: id.toLowerCase() })).toBe(id.toLowerCase());
  });

  it.each([
    "",
    "C-1",
    "ext:",
    "EXT:1",
    "ext: a",
    "ext:a ",
    "ext:a\tb",
    "ext:a\u2028b",
    "ext:a\u200bb",
    id31(),
  ])("is not %j", (text) => {
    expect(memberRef.safeParse(text).success).toBe(false);
  });
});

function id31(): string {
  return "019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b6";
}

it("a UUID is taken in any case and kept in lower case", () => {
  expect(uuid.parse("019A51D2-7C3E-7B4A-9F00-5D2C1E8A4B61")).toBe("019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b61");
});

it("a source without a leg has the main one", () => {
  expect(source.parse({ system: "pos", id: "R-1" })).toEqual({ system: "pos", id: "R-1", leg: "main" });
});

describe("a page", () => {
  const position = cursor(z.tuple([z.int(), z.string()]));
  const rows = [1, 2, 3, 4, 5].map((n) => ({ n, id: `r${n}` }));
  const page = (after: number, size: number) =>
    pageFrom(
      rows.slice(after, after + size + 1),
      size,
      ({ n, id }) => [n, id],
      ({ id }) => id,
    );

  it("leads to the next by a cursor that says where it ended, and the last leads nowhere", () => {
    const first = page(0, 2);
    expect(first.items).toEqual(["r1", "r2"]);
    expect(first.next).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(position.parse(first.next)).toEqual([2, "r2"]);
    expect(page(4, 2)).toEqual({ items: ["r5"] });
    expect(page(3, 2)).toEqual({ items: ["r4", "r5"] });
    expect(page(5, 2)).toEqual({ items: [] });
  });

  it("has cursors that take any text back", () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: "grapheme", maxLength: 50 }), (n, id) => {
        const { next } = pageFrom([0, 1], 1, () => [n, id], String);
        expect(position.parse(next)).toEqual([n, id]);
      }),
    );
  });
});
