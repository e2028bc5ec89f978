import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DecimalNotation, decimalReader } from "../src/decimal.ts";
import { Rejection } from "../src/reject-reasons.ts";

const pounds: DecimalNotation = { decimals: 2, point: ".", excess: "reject" };
const read = (text: string, notation: Partial<DecimalNotation> = {}) => {
  const units = decimalReader({ ...pounds, ...notation })(text);
  return units instanceof Rejection ? units.reason : units;
};

describe("an amount", () => {
  it.each([
    ["139.12", 13_912n],
    ["139.1", 13_910n],
    ["139", 13_900n],
    ["139.", 13_900n],
    [".5", 50n],
    ["+1.00", 100n],
    ["-1.00", -100n],
    ["-0.00", 0n],
    ["00012.30", 1_230n],
    ["2042.7600", 204_276n],
    ["9999999999999.99", 999_999_999_999_999n],
    ["10000000000000.00", 10n ** 15n],
  ])("%s is %s minor units", (text, units) => {
    expect(read(text)).toBe(units);
  });

  it.each([
    "",
    "-",
    ".",
    "1,5",
    "1 000",
    "1e3",
    "0x10",
    "£5",
    "NaN",
    "−5",
    "1.2.3",
    "٣",
    "5--",
    "-5-",
    "(5",
    "5)",
    "(-5)",
    "$5",
    "1,2฿34",
    `${"1".repeat(65)}`,
  ])("%j is no amount", (text) => {
    expect(read(text)).toBe("malformed_amount");
  });

  it("is exact where a float is not", () => {
    expect(read("1.005", { decimals: 3 })).toBe(1_005n);
    expect(read("0.29")).toBe(29n);
    expect(read("4503599627370.97")).toBe(450_359_962_737_097n);
  });

  it("with digits below the minor unit is rejected, or rounded half to even, as the mapping says", () => {
    expect(read("1.005")).toBe("fractional_amount");
    const rounding = { excess: "half_even" } as const;
    expect(
      ["1.005", "1.015", "1.0050001", "1.0049999", "-1.015", "0.005", "0.995"].map((t) => read(t, rounding)),
    ).toEqual([100n, 102n, 101n, 100n, -102n, 0n, 100n]);
  });

  it("above 10^15 minor units is too large, and no huge number is computed first", () => {
    expect(read("10000000000000.01")).toBe("amount_too_large");
    expect(read("9".repeat(60))).toBe("amount_too_large");
  });

  it("may be grouped by threes, and only so", () => {
    const german = { point: ",", grouping: "." } as const;
    expect(read("1.234.567,89", german)).toBe(123_456_789n);
    expect(read("1234567,89", german)).toBe(123_456_789n);
    expect(read("12.34,50", german)).toBe("malformed_amount");
    expect(read("1,234", { grouping: "," })).toBe(123_400n);
    expect(read("1 234.50", { grouping: " " })).toBe(123_450n);
    expect(read("1,2345", { grouping: "," })).toBe("malformed_amount");
  });

  it("below zero is written with a minus before or after it, or in parentheses", () => {
    expect(["-1.00", "1.00-", "(1.00)", "( 1.00 )", "- 1.00"].map((text) => read(text))).toEqual(
      Array(5).fill(-100n),
    );
    expect(read("(1,234.50)", { grouping: "," })).toBe(-123_450n);
  });

  it("may have the marks that the mapping names, and no others", () => {
    const baht = { marks: ["฿", "THB", "บาท"], grouping: "," } as const;
    const written = ["฿1,234.50", "THB 1,234.50", "1,234.50 บาท", "\u00a0฿\u00a01,234.50", "+฿1,234.50"];
    expect(written.map((text) => read(text, baht))).toEqual(written.map(() => 123_450n));
    const below = ["-฿5", "฿-5", "฿(5)", "(฿5)", "฿5-"];
    expect(below.map((text) => read(text, baht))).toEqual(below.map(() => -500n));
    expect(["$5", "5 USD", "฿", "1฿2"].map((text) => read(text, baht))).toEqual(
      Array(4).fill("malformed_amount"),
    );
  });

  it("may be grouped by blanks of any kind", () => {
    const blanks = { grouping: " ", point: "," } as const;
    expect(["1 234,50", "1\u00a0234,50", "1\u202f234,50"].map((text) => read(text, blanks))).toEqual(
      Array(3).fill(123_450n),
    );
  });

  it("comes back from any notation as it went in", () => {
    const units = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    const point = fc.constantFrom(".", ",") as fc.Arbitrary<"." | ",">;
    const grouping = fc.constantFrom(undefined, " ", "'") as fc.Arbitrary<undefined | " " | "'">;
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 6 }), point, grouping, (value, decimals, sign, group) => {
        const text = write(value, decimals, sign, group);
        expect(read(text, { decimals, point: sign, grouping: group })).toBe(value);
      }),
    );
  });

  it("rounds to the nearest unit, as rationals have it", () => {
    const digits = fc.bigInt({ min: 0n, max: 10n ** 12n });
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 3 }), (value, decimals) => {
        const rounded = read(write(value, 6, ".", undefined), { decimals, excess: "half_even" }) as bigint;
        const unit = 10n ** BigInt(6 - decimals);
        const error = value - rounded * unit;
        const twice = 2n * (error < 0n ? -error : error);
        expect(twice < unit || (twice === unit && rounded % 2n === 0n)).toBe(true);
      }),
    );
  });
});

function write(value: bigint, decimals: number, point: string, group: string | undefined): string {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const grouped = group === undefined ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group);
  const fraction = decimals === 0 ? "" : point + digits.slice(-decimals);
  return `${value < 0n ? "-" : ""}${grouped}${fraction}`;
}
