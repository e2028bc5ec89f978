import { MONTH_NAME, monthNumber } from "./month-names.ts";
import { escaped, plainBlanks } from "./text.ts";
import { zoneReader } from "./time-zone.ts";

/**
 * Formats of dates and times, in the letters of Unicode TR 35: yyyy or yy, MM or M, MMM (a name), dd or d, HH or H, hh
 * or h with a (AM/PM), mm, ss, SSS (a fraction of any length), XXX (an offset: `Z`, `+07:00`, `+0700` or `+07`). What
 * stands in square brackets may be missing. Text stands in single quotes, '' is a quote; other signs stand for
 * themselves, a blank for any one blank. One letter takes one digit or two.
 */
const TOKENS: Readonly<Record<string, readonly [name: Part, pattern: string]>> = {
  yyyy: ["year", "\\d{4}"],
  yy: ["shortYear", "\\d{2}"],
  MM: ["month", "\\d{2}"],
  M: ["month", "\\d{1,2}"],
  MMM: ["monthName", MONTH_NAME],
  dd: ["day", "\\d{2}"],
  d: ["day", "\\d{1,2}"],
  HH: ["hour", "\\d{2}"],
  H: ["hour", "\\d{1,2}"],
  hh: ["halfDayHour", "\\d{2}"],
  h: ["halfDayHour", "\\d{1,2}"],
  mm: ["minute", "\\d{2}"],
  ss: ["second", "\\d{2}"],
  SSS: ["fraction", "\\d+"],
  a: ["halfDay", "[AaPp][Mm]"],
  XXX: ["offset", "Z|[+-]\\d{2}(?::?\\d{2})?"],
};

type Part =
  | "year"
  | "shortYear"
  | "month"
  | "monthName"
  | "day"
  | "hour"
  | "halfDayHour"
  | "minute"
  | "second"
  | "fraction"
  | "halfDay"
  | "offset";

export interface TimeFormat {
  readonly hasTime: boolean;
  readonly hasOffset: boolean;
  /** The reading as milliseconds since the epoch, as if it were UTC, and its offset if the text has one. */
  read(text: string): { readonly wall: number; readonly offset: number | undefined } | undefined;
}

export type Era = "common" | "buddhist";

/** Throws with what is wrong with the format. Years are of the era that is told. */
export function timeFormat(format: string, era: Era = "common"): TimeFormat {
  const parts: Part[] = [];
  const pieces = format.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z]/gu) ?? [];
  const pattern = pieces.map((piece) => {
    if (piece === "'") throw new Error("a single quote is not closed");
    if (piece.startsWith("'"))
      return literal(piece === "''" ? "'" : piece.slice(1, -1).replaceAll("''", "'"));
    if (piece === "[") return "(?:";
    if (piece === "]") return ")?";
    if (!/[A-Za-z]/.test(piece)) return literal(piece);
    const token = TOKENS[piece.replace(/^S+$/, "SSS").replace(/^MMMM$/, "MMM")];
    if (token === undefined) throw new Error(`${piece} is no part of a time; text stands in single quotes`);
    if (parts.includes(token[0])) throw new Error(`the ${token[0]} stands in it twice`);
    parts.push(token[0]);
    return `(?<${token[0]}>${token[1]})`;
  });
  checkBrackets(pieces);
  checkParts(parts);
  const expression = new RegExp(`^${pattern.join("")}$`, "u");
  return {
    hasTime: parts.includes("hour") || parts.includes("halfDayHour"),
    hasOffset: parts.includes("offset"),
    read: (text) => {
      const found = expression.exec(plainBlanks(text))?.groups;
      return found === undefined ? undefined : reading(found, era);
    },
  };
}

function checkBrackets(pieces: readonly string[]): void {
  let open = 0;
  for (const piece of pieces) {
    if (piece === "[") open += 1;
    if (piece === "]") open -= 1;
    if (open < 0) break;
  }
  if (open !== 0) throw new Error("a square bracket has no other; text stands in single quotes");
}

/** Ways to say the same: a format has one of them. */
const EITHER: readonly (readonly [what: string, ...parts: Part[]])[] = [
  ["year", "year", "shortYear"],
  ["month", "month", "monthName"],
  ["hour", "hour", "halfDayHour"],
];

function checkParts(parts: readonly Part[]): void {
  for (const [what, ...either] of EITHER) {
    const named = either.filter((part) => parts.includes(part));
    if (named.length > 1) throw new Error(`the ${what} stands in it twice`);
    if (named.length === 0 && what !== "hour") throw new Error(`the ${what} is missing`);
  }
  if (!parts.includes("day")) throw new Error("the day is missing");
  if (parts.includes("halfDayHour") !== parts.includes("halfDay")) {
    throw new Error("h and a (AM/PM) go together");
  }
}

type Found = Partial<Record<Part, string>>;

function reading(found: Found, era: Era) {
  const number = (part: Part) => Number(found[part] ?? 0);
  const year = yearOf(found, era);
  const month = found.monthName === undefined ? number("month") : (monthNumber(found.monthName) ?? 0);
  const day = number("day");
  const hour = hourOf(found);
  const [minute, second] = [number("minute"), number("second")];
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate())
    return undefined;
  if (hour === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const millisecond = Number((found.fraction ?? "").padEnd(3, "0").slice(0, 3));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return year < 1900 ? undefined : { wall, offset: offsetOf(found.offset) };
}

/** Years by which the Buddhist era is ahead. */
const BUDDHIST = 543;
/** The year of dates that mean never, whatever the era of the others. */
const NEVER = 9_999;
/** Two digits mean a year of the hundred that begin here: before it there are no instants. */
const FIRST_YEAR = 1_970;

function yearOf({ year, shortYear }: Found, era: Era): number {
  const ahead = era === "buddhist" ? BUDDHIST : 0;
  if (shortYear === undefined) return Number(year) === NEVER ? NEVER : Number(year) - ahead;
  const first = FIRST_YEAR + ahead;
  return FIRST_YEAR + ((((Number(shortYear) - first) % 100) + 100) % 100);
}

function hourOf({ hour, halfDayHour, halfDay }: Found): number | undefined {
  if (halfDayHour === undefined) return Number(hour ?? 0);
  const read = Number(halfDayHour);
  if (read < 1 || read > 12) return undefined;
  return (read % 12) + (halfDay?.toLowerCase() === "pm" ? 12 : 0);
}

function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "Z") return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3).replace(":", ""));
  return (text.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

function literal(text: string): string {
  return escaped(plainBlanks(text));
}

/** The latest instant that the API takes: 31/12/9999, which stands for never, ends here in every zone. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Reads instants, in milliseconds since the epoch; undefined for what does not fit or lies before 1970. */
export function instantReader(format: TimeFormat, zone: string): (text: string) => number | undefined {
  const inZone = zoneReader(zone, "later");
  return (text) => {
    const read = format.read(text);
    if (read === undefined) return undefined;
    const instant = read.offset === undefined ? inZone(read.wall) : read.wall - read.offset;
    return instant >= 0 ? Math.min(instant, LATEST) : undefined;
  };
}

/** Reads the first instant of the local day after the one named: when what is valid through that day ends. A day ends the first time. */
export function dayEndReader(format: TimeFormat, zone: string): (text: string) => number | undefined {
  const inZone = zoneReader(zone, "earlier");
  return (text) => {
    const read = format.read(text);
    return read === undefined ? undefined : Math.min(inZone(read.wall + 86_400_000), LATEST);
  };
}
