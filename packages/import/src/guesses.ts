import { type DecimalNotation, decimalReader } from "./decimal.ts";
import { type Era, instantReader, timeFormat } from "./time-format.ts";

/** What values of a column seem to be written in. */

const DATES = [
  "yyyy-MM-dd",
  "yyyy/MM/dd",
  "yyyyMMdd",
  "d/M/yyyy",
  "M/d/yyyy",
  "d-M-yyyy",
  "d.M.yyyy",
  "d/M/yy",
  "M/d/yy",
  "d MMM yyyy",
  "d-MMM-yyyy",
  "d MMM yy",
  "d-MMM-yy",
  "MMM d, yyyy",
];

const TIMES = [
  "",
  "[ HH:mm:ss]",
  " H:mm",
  " H:mm:ss",
  " h:mm a",
  " h:mm:ss a",
  " HH:mm:ss XXX",
  " HH:mm:ss.SSS",
  "'T'HH:mm:ss",
  "'T'HH:mm:ssXXX",
  "'T'HH:mm:ss[.SSS]XXX",
  "'T'HH:mm:ss.SSS",
];

export interface TimeGuess {
  readonly format: string;
  readonly era: Era;
  readonly hasTime: boolean;
  /** Days and months could be the other way round. */
  readonly isAmbiguous: boolean;
  /** Values that this reads as a time which nobody means, of another era perhaps. */
  readonly odd: readonly string[];
}

interface Candidate {
  readonly format: string;
  readonly era: Era;
  readonly odd: readonly string[];
}

const ERAS: readonly Era[] = ["common", "buddhist"];
/** What has fewer times than this that somebody could mean is no column of times. */
const MEANT = 0.5;
/** A column of times, or of amounts, may hold so many values that are none. */
const UNREAD = 0.1;

/**
 * The format and era in which most values are times from 1970 to `latest`, or mean never, if nearly each is a time of the
 * calendar in it; of equal ones the first, days before months, the common era before the other.
 */
export function timeGuess(values: readonly string[], latest: number): TimeGuess | undefined {
  const candidates = DATES.flatMap((date) => TIMES.map((time) => date + time)).flatMap((format) =>
    candidatesOf(values, format, latest),
  );
  const best = candidates.toSorted((one, other) => one.odd.length - other.odd.length)[0];
  if (best === undefined || best.odd.length > values.length * (1 - MEANT)) return undefined;
  const { format, era, odd } = best;
  const isTurned = (other: Candidate) => /^M\//.test(other.format) && other.odd.length === odd.length;
  return {
    ...{ format, era, odd, hasTime: timeFormat(format, era).hasTime },
    isAmbiguous: format.startsWith("d/M/") && candidates.some(isTurned),
  };
}

function candidatesOf(values: readonly string[], format: string, latest: number): Candidate[] {
  const plain = timeFormat(format);
  return ERAS.flatMap((era) => {
    const { read } = timeFormat(format, era);
    // What ends a column of dates, such as 31/12/9999, may be of another era than the others, and a leap day of that era alone.
    const isRead = (value: string) => plain.read(value) !== undefined || read(value) !== undefined;
    if (unreadBy(isRead, values) === undefined) return [];
    const instantOf = instantReader(timeFormat(format, era), "UTC");
    const isMeant = (value: string) => {
      const at = instantOf(value);
      return value.includes("9999") || (at !== undefined && at >= 0 && at <= latest);
    };
    return { format, era, odd: values.filter((value) => !isMeant(value)) };
  });
}

/** The few values that cannot be read; undefined where they are too many to be mistakes. */
function unreadBy(isRead: (value: string) => boolean, values: readonly string[]): string[] | undefined {
  const most = values.length * UNREAD;
  const unread: string[] = [];
  for (const value of values) {
    if (isRead(value)) continue;
    unread.push(value);
    if (unread.length > most) return undefined;
  }
  return unread;
}

const CLOCK = /^\d{1,2}[:.]\d{2}([:.]\d{2})?$/;

/** The format of a time of day that stands in a column of its own. */
export function clockFormat(values: readonly string[]): string | undefined {
  if (!values.every((value) => CLOCK.test(value))) return undefined;
  const [first = ""] = values;
  const sign = first.includes(".") ? "." : ":";
  return values.every((value) => value.split(sign).length === 3)
    ? `H${sign}mm${sign}ss`
    : `H${sign}mm[${sign}ss]`;
}

export interface AmountGuess extends Pick<DecimalNotation, "decimals" | "point" | "grouping" | "marks"> {
  /** Values that are no amounts in it. */
  readonly odd: readonly string[];
}

const NOTATIONS: readonly Pick<DecimalNotation, "point" | "grouping">[] = [
  { point: "." },
  { point: ".", grouping: "," },
  { point: "," },
  { point: ",", grouping: "." },
  { point: ",", grouping: " " },
  { point: ".", grouping: " " },
  { point: ".", grouping: "'" },
];

const MAX_DECIMALS = 6;

/** What stands beside the digits, but in the few values that may be mistakes. */
function marksOf(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values)
    for (const mark of new Set(value.match(/[^\d\s.,'()+-]+/g)))
      counts.set(mark, (counts.get(mark) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > values.length * UNREAD).map(([mark]) => mark);
}

/** The notation that reads most values, nearly all of them; of equal ones the first. Undefined where there is none. */
export function amountGuess(values: readonly string[]): AmountGuess | undefined {
  const marks = marksOf(values);
  if (marks.length > 3 || !values.some((value) => /\d/.test(value))) return undefined;
  let best: AmountGuess | undefined;
  for (const notation of NOTATIONS) {
    for (let decimals = 0; decimals <= MAX_DECIMALS; decimals += 1) {
      const read = decimalReader({ ...notation, marks, decimals, excess: "reject" });
      const odd = unreadBy((value) => typeof read(value) === "bigint", values);
      if (odd === undefined || (best !== undefined && odd.length >= best.odd.length)) continue;
      best = { ...notation, decimals, marks, odd };
      if (odd.length === 0) return best;
    }
  }
  return best;
}
