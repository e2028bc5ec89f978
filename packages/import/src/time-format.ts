import { zoneReader } from "./time-zone.ts";

/**
 * Formats of dates and times, in the letters of Unicode TR 35: yyyy, MM or M, dd or d, HH or H, hh or h with a (AM/PM),
 * mm, ss, SSS, XXX (an offset, `Z` or `+07:00`). Text stands in single quotes, '' is a quote; other signs stand for
 * themselves. One letter takes one digit or two.
 */
const TOKENS: Readonly<Record<string, readonly [name: Part, pattern: string]>> = {
  yyyy: ["year", "\\d{4}"],
  MM: ["month", "\\d{2}"],
  M: ["month", "\\d{1,2}"],
  dd: ["day", "\\d{2}"],
  d: ["day", "\\d{1,2}"],
  HH: ["hour", "\\d{2}"],
  H: ["hour", "\\d{1,2}"],
  hh: ["halfDayHour", "\\d{2}"],
  h: ["halfDayHour", "\\d{1,2}"],
  mm: ["minute", "\\d{2}"],
  ss: ["second", "\\d{2}"],
  SSS: ["millisecond", "\\d{3}"],
  a: ["halfDay", "[AaPp][Mm]"],
  XXX: ["offset", "Z|[+-]\\d{2}:\\d{2}"],
};

type Part =
  | "year"
  | "month"
  | "day"
  | "hour"
  | "halfDayHour"
  | "minute"
  | "second"
  | "millisecond"
  | "halfDay"
  | "offset";

export interface TimeFormat {
  readonly hasTime: boolean;
  readonly hasOffset: boolean;
  /** The reading as milliseconds since the epoch, as if it were UTC, and its offset if the text has one. */
  read(text: string): { readonly wall: number; readonly offset: number | undefined } | undefined;
}

/** Throws with what is wrong with the format. */
export function timeFormat(format: string): TimeFormat {
  const parts: Part[] = [];
  const pattern = (format.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z]/gu) ?? []).map((piece) => {
    if (piece === "'") throw new Error("a single quote is not closed");
    if (piece.startsWith("'"))
      return literal(piece === "''" ? "'" : piece.slice(1, -1).replaceAll("''", "'"));
    if (!/[A-Za-z]/.test(piece)) return literal(piece);
    const token = TOKENS[piece];
    if (token === undefined) throw new Error(`${piece} is no part of a time; text stands in single quotes`);
    if (parts.includes(token[0])) throw new Error(`the ${token[0]} stands in it twice`);
    parts.push(token[0]);
    return `(?<${token[0]}>${token[1]})`;
  });
  checkParts(parts);
  const expression = new RegExp(`^${pattern.join("")}$`);
  return {
    hasTime: parts.includes("hour") || parts.includes("halfDayHour"),
    hasOffset: parts.includes("offset"),
    read: (text) => {
      const found = expression.exec(text)?.groups;
      return found === undefined ? undefined : reading(found);
    },
  };
}

function checkParts(parts: readonly Part[]): void {
  for (const needed of ["year", "month", "day"] as const) {
    if (!parts.includes(needed)) throw new Error(`the ${needed} is missing`);
  }
  if (parts.includes("halfDayHour") !== parts.includes("halfDay")) {
    throw new Error("h and a (AM/PM) go together");
  }
  if (parts.includes("hour") && parts.includes("halfDayHour")) throw new Error("the hour stands in it twice");
}

function reading(found: Partial<Record<Part, string>>) {
  const number = (part: Part, otherwise: number) => Number(found[part] ?? otherwise);
  const [year, month, day] = [number("year", 0), number("month", 0), number("day", 0)];
  const hour = hourOf(found);
  const [minute, second] = [number("minute", 0), number("second", 0)];
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate())
    return undefined;
  if (hour === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second, number("millisecond", 0));
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return year < 1900 ? undefined : { wall, offset: offsetOf(found.offset) };
}

function hourOf({ hour, halfDayHour, halfDay }: Partial<Record<Part, string>>): number | undefined {
  if (halfDayHour === undefined) return Number(hour ?? 0);
  const read = Number(halfDayHour);
  if (read < 1 || read > 12) return undefined;
  return (read % 12) + (halfDay?.toLowerCase() === "pm" ? 12 : 0);
}

function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "Z") return 0;
  const [hours, minutes] = text.slice(1).split(":").map(Number) as [number, number];
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
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
