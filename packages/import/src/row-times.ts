import type { CellOf } from "./columns.ts";
import { type Column, listed, type Mapping } from "./mapping.ts";
import { Rejection, shown } from "./reject-reasons.ts";
import { dayEndReader, instantReader, timeFormat } from "./time-format.ts";

export interface TimesOptions {
  readonly mapping: Mapping;
  /** Of the programme, for local times whose zone the mapping does not say. */
  readonly zone: string;
}

/** The cells of one or several columns as one text. */
function textReader(columns: Column | readonly Column[], cellOf: CellOf) {
  return (cells: readonly string[]) =>
    listed(columns)
      .map((column) => cellOf(cells, column))
      .join(" ")
      .trim();
}

/** Reads when a row happened, without judging it; undefined where that is the same for all rows. */
export function instantOfRow({ mapping: { time }, zone }: TimesOptions, cellOf: CellOf) {
  if ("at" in time) return undefined;
  const textOf = textReader(time.column, cellOf);
  const read = instantReader(timeFormat(time.format, time.era), time.zone ?? zone);
  return (cells: readonly string[]) => read(textOf(cells));
}

/** Reads when a row happened, in milliseconds since the epoch. What lies after `latest` is rejected. */
export function timeReader(options: TimesOptions & { readonly latest: number }, cellOf: CellOf) {
  const { mapping, latest } = options;
  const { time } = mapping;
  if ("at" in time) {
    const at = Date.parse(time.at);
    const taken = at > latest ? new Rejection("time_in_future", `${time.at} has not been yet`) : at;
    return () => taken;
  }
  const textOf = textReader(time.column, cellOf);
  const read = instantOfRow(options, cellOf) as (cells: readonly string[]) => number | undefined;
  const hint = eraHint(time.era);
  return (cells: readonly string[]): number | Rejection => {
    const at = read(cells);
    if (at !== undefined && at <= latest) return at;
    const text = textOf(cells);
    return at === undefined
      ? new Rejection(
          "malformed_time",
          `${shown(text)} is no time of the calendar in the form ${time.format}`,
        )
      : new Rejection("time_in_future", `${shown(text)} has not been yet${hint(text)}`);
  };
}

/** Years that an opening balance may live, unless it lives for ever. */
const MAX_YEARS = 100;
/** From here on a date means never: the last year that can be written. */
const NEVER = Date.UTC(9998, 11, 31);

/** Reads when an opening balance expires: an instant, null for never, undefined for what its currency says. */
export function expiryReader({ mapping: { expiry }, zone }: TimesOptions, cellOf: CellOf) {
  if (expiry === undefined) return () => undefined;
  const textOf = textReader(expiry.column, cellOf);
  const format = timeFormat(expiry.format, expiry.era);
  const read = (expiry.means === "last_day" ? dayEndReader : instantReader)(format, expiry.zone ?? zone);
  const hint = eraHint(expiry.era);
  const whenEmpty = {
    reject: new Rejection("no_expiry", `column ${listed(expiry.column).join(", ")} is empty`),
    never: null,
    by_policy: undefined,
  }[expiry.empty];
  return (cells: readonly string[], occurredAt: number): number | null | undefined | Rejection => {
    const text = textOf(cells);
    if (text === "") return whenEmpty;
    if (expiry.never.includes(text)) return null;
    const at = read(text);
    if (at === undefined)
      return new Rejection(
        "malformed_expiry",
        `${shown(text)} is no time of the calendar in the form ${expiry.format}`,
      );
    if (at < NEVER && at > yearsLater(occurredAt, MAX_YEARS)) {
      const detail = `${shown(text)} is more than ${MAX_YEARS} years after the balance${hint(text)}`;
      return new Rejection("expiry_too_far", detail);
    }
    return at;
  };
}

function yearsLater(instant: number, years: number): number {
  const date = new Date(instant);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

/** Years are never guessed, but what they look like may be said. */
function eraHint(era: "common" | "buddhist"): (text: string) => string {
  return (text) =>
    era === "common" && /2[4-6]\d\d/.test(text)
      ? '; if its years are of the Buddhist era, say "era": "buddhist"'
      : "";
}
