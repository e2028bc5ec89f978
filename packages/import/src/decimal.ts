import { MAX_AMOUNT } from "@taem/kernel";
import { Rejection, shown } from "./reject-reasons.ts";
import { escaped, plainBlanks } from "./text.ts";

export interface DecimalNotation {
  /** Decimals of the currency: 2 for pounds and pence. */
  readonly decimals: number;
  readonly point: "." | ",";
  /** What stands between groups of three digits, if anything. */
  readonly grouping?: "," | "." | " " | "'" | undefined;
  /** What may stand before or after the number: `฿`, `THB`. */
  readonly marks?: readonly string[] | undefined;
  /** What becomes of digits below the minor unit. */
  readonly excess: "reject" | "half_even";
}

/** No amount has more digits; what has would only cost time. */
const MAX_LENGTH = 64;

/**
 * Reads amounts as whole minor units, by string arithmetic alone: `-1,234.50` with two decimals is -123450, and so are
 * `1,234.50-` and `(1,234.50)`.
 */
export function decimalReader(notation: DecimalNotation): (text: string) => bigint | Rejection {
  const { decimals, grouping, excess } = notation;
  const pattern = patternOf(notation);
  return (text) => {
    const found = text.length > MAX_LENGTH ? undefined : pattern.exec(plainBlanks(text).trim())?.groups;
    const {
      whole: grouped = "",
      fraction = "",
      open,
      close,
      before = "",
      after = "",
      trailing = "",
    } = found ?? {};
    const digits = grouping === undefined ? grouped : grouped.replaceAll(grouping, "");
    const signs = before + after + trailing + (open ?? "");
    if (digits + fraction === "" || signs.length > 1 || (open === undefined) !== (close === undefined)) {
      return new Rejection("malformed_amount", `${shown(text)} is not a number`);
    }
    const rest = fraction.slice(decimals);
    if (excess === "reject" && /[1-9]/.test(rest)) {
      return new Rejection("fractional_amount", `${shown(text)} has more than ${decimals} decimals`);
    }
    const units = BigInt(digits + fraction.slice(0, decimals).padEnd(decimals, "0"));
    const rounded = roundsUp(units, rest) ? units + 1n : units;
    if (rounded > MAX_AMOUNT) {
      return new Rejection("amount_too_large", `${shown(text)} is above ${MAX_AMOUNT} minor units`);
    }
    return signs === "" || signs === "+" ? rounded : -rounded;
  };
}

function patternOf({ point, grouping, marks = [] }: DecimalNotation): RegExp {
  const whole = grouping === undefined ? "\\d*" : `\\d{1,3}(?:\\${grouping}\\d{3})+|\\d*`;
  const mark = marks.length === 0 ? "" : `(?:${marks.map(escaped).join("|")})?`;
  const number = `(?<whole>${whole})(?:\\${point}(?<fraction>\\d*))?`;
  const signed = `(?<before>[+-])? *${mark} *(?<after>[+-])?${number} *${mark} *(?<trailing>-)?`;
  return new RegExp(`^${mark} *(?<open>\\()?${signed}(?<close>\\))? *${mark}$`);
}

/** Half to even: `rest` are the digits below the unit. */
function roundsUp(units: bigint, rest: string): boolean {
  if (rest === "" || rest < "5") return false;
  return /^50*$/.test(rest) ? units % 2n === 1n : true;
}
