/** The calendar of Asia/Bangkok: seven hours ahead of UTC, without daylight saving since 1920. */

/** Milliseconds since the epoch. */
export type Instant = number;
/** Local days since 1 January 1970. */
export type Day = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ZONE = "Asia/Bangkok";
const OFFSET = 7 * HOUR;

export function dayOf(at: Instant): Day {
  return Math.floor((at + OFFSET) / DAY);
}

export function startOf(day: Day): Instant {
  return day * DAY - OFFSET;
}

export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly date: number;
  /** 0 = Sunday. */
  readonly weekday: number;
}

export function calendarDate(day: Day): CalendarDate {
  const start = new Date(day * DAY);
  return {
    year: start.getUTCFullYear(),
    month: start.getUTCMonth() + 1,
    date: start.getUTCDate(),
    weekday: start.getUTCDay(),
  };
}

/** The first instant of the local month that follows `months` after the instant's own. */
export function monthsEnd(at: Instant, months: number): Instant {
  const { year, month } = calendarDate(dayOf(at));
  return Date.UTC(year, month + months, 1) - OFFSET;
}

/** RFC 3339 with Bangkok's offset, to the second. */
export function rfc3339(at: Instant): string {
  return `${new Date(at + OFFSET).toISOString().slice(0, 19)}+07:00`;
}

/** `2026-11-11`. */
export function isoDate(day: Day): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}
