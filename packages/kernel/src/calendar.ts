import { Temporal } from "temporal-polyfill";

/** Calendar arithmetic in a programme's IANA zone. Instants are milliseconds since the epoch. */

export type Instant = number;
/** A local calendar day, `2026-11-22`. */
export type LocalDate = string;

/** A length of calendar time in a zone. */
export interface Term {
  readonly count: number;
  readonly unit: "days" | "months" | "years";
}

/**
 * When something ends. `term`: the last valid day is the day on which it began plus the term; `end_of_month`: the end of the
 * month `count` months after that in which it began; `end_of_year`: the end of the `count`-th year after it; `never`.
 */
export interface ExpiryPolicy {
  readonly kind: "term" | "end_of_month" | "end_of_year" | "never";
  readonly term?: Term;
  readonly count?: number;
}

const DAY = 86_400_000;
const FIRST_YEAR = 1970;
const LAST_YEAR = 9999;
/** What is later cannot be written as RFC 3339. */
const LAST = Temporal.Instant.from("9999-12-31T23:59:59.999Z").epochMilliseconds;
const LAST_DATE: LocalDate = "9999-12-31";
/** An end in the last year, whatever the zone that it was meant in, is one that never comes. */
const NEVER_FROM = Temporal.Instant.from("9999-01-01T00:00+14:00").epochMilliseconds;
/** Offsets from UTC are smaller. */
const MAX_OFFSET = DAY;

/** Whether an instant and the local day that it falls in lie in the years 1970 to 9999, which the ledger keeps time by. */
export function isInCalendar(zone: string, instant: Instant): boolean {
  if (instant >= MAX_OFFSET && instant <= LAST - MAX_OFFSET) return true;
  if (instant < 0 || instant > LAST) return false;
  const { year } = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}

/** When something ends, by what a command or an event says; Infinity = never. */
export function endOf(end: Instant | null | undefined): Instant {
  return end === undefined || end === null || end >= NEVER_FROM ? Number.POSITIVE_INFINITY : end;
}

/** As an event has it: absent = never. */
export function endOrNever(end: Instant): Instant | undefined {
  return end >= NEVER_FROM ? undefined : end;
}

/** A day that an event names: one beyond the calendar, which no new event has, counts as its last. */
export function dateInCalendar(date: LocalDate): LocalDate {
  return date.length === LAST_DATE.length ? date : LAST_DATE;
}

interface Day {
  readonly start: Instant;
  readonly date: LocalDate;
}

/** By zone, and by the day of UTC in which they start. */
const knownDays = new Map<string, Map<number, Day>>();
const REMEMBERED_DAYS = 1_024;

/** The local day that an instant falls in; beyond the calendar, its last. */
export function localDate(zone: string, instant: Instant): LocalDate {
  const days = knownDays.get(zone);
  const utc = Math.floor(instant / DAY);
  return dateIn(days?.get(utc), instant) ?? dateIn(days?.get(utc - 1), instant) ?? lookUp(zone, instant);
}

function dateIn(day: Day | undefined, instant: Instant): LocalDate | undefined {
  return day !== undefined && instant >= day.start && instant < day.start + DAY ? day.date : undefined;
}

function lookUp(zone: string, instant: Instant): LocalDate {
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  const date = dateInCalendar(local.toPlainDate().toString());
  // A day with a transition in it is not remembered: its local dates may not even be contiguous.
  if (local.hoursInDay === 24) {
    const start = local.startOfDay().epochMilliseconds;
    let days = knownDays.get(zone);
    if (days === undefined || days.size >= REMEMBERED_DAYS) {
      days = new Map();
      knownDays.set(zone, days);
    }
    days.set(Math.floor(start / DAY), { start, date });
  }
  return date;
}

/** An instant for people and logs, as RFC 3339 in UTC with milliseconds. */
export function instantText(instant: Instant): string {
  return Temporal.Instant.fromEpochMilliseconds(instant).toString({ fractionalSecondDigits: 3 });
}

/** The month in which points were earned, `2026-11`: the cohort that finance follows them by. */
export function vintageOf(zone: string, instant: Instant): string {
  return localDate(zone, instant).slice(0, 7);
}

/**
 * The instant at which a local day begins, as a deadline reads it: midnight inside a gap means the first instant
 * after the gap, a midnight that happens twice means the earlier one: the day before ends the first time.
 */
function startOfLocalDay(zone: string, date: Temporal.PlainDate): Instant {
  const midnight = date.toPlainDateTime();
  const earlier = midnight.toZonedDateTime(zone, { disambiguation: "earlier" });
  const inGap = !earlier.toPlainDateTime().equals(midnight);
  const start = (inGap ? earlier.getTimeZoneTransition("next") : undefined) ?? earlier;
  return Math.min(start.epochMilliseconds, LAST);
}

/** The first instant after a term whose last valid day is the start day plus the term: 29 February + 1 year is valid through 28 February. */
export function afterTerm(zone: string, start: Instant, term: Term): Instant {
  const lastValid = Temporal.PlainDate.from(localDate(zone, start)).add({ [term.unit]: term.count });
  return startOfLocalDay(zone, lastValid.add({ days: 1 }));
}

const expiries = new Map<string, Instant | undefined>();
const REMEMBERED_EXPIRIES = 4096;

/** When points earned at an instant expire under a policy; undefined = never. */
export function expiryOf(policy: ExpiryPolicy, zone: string, earnedAt: Instant): Instant | undefined {
  if (policy.kind === "never") return undefined;
  const date = localDate(zone, earnedAt);
  const id = `${zone} ${date} ${policy.kind} ${policy.count} ${policy.term?.count} ${policy.term?.unit}`;
  const known = expiries.get(id);
  if (known !== undefined) return known;
  const expiry = endOrNever(computeExpiry(policy, zone, earnedAt, Temporal.PlainDate.from(date)));
  if (expiries.size >= REMEMBERED_EXPIRIES) expiries.clear();
  expiries.set(id, expiry);
  return expiry;
}

function computeExpiry(
  policy: ExpiryPolicy,
  zone: string,
  earnedAt: Instant,
  date: Temporal.PlainDate,
): Instant {
  if (policy.kind === "term") return afterTerm(zone, earnedAt, policy.term as Term);
  const count = policy.count ?? 0;
  return policy.kind === "end_of_month"
    ? startOfLocalDay(zone, date.with({ day: 1 }).add({ months: count + 1 }))
    : startOfLocalDay(zone, date.with({ month: 1, day: 1 }).add({ years: count + 1 }));
}

/** The last local day on which something that ended at `end` was still valid: an expiry's accounting date. */
export function lastValidDate(zone: string, end: Instant): LocalDate {
  return localDate(zone, end - 1);
}

/** The first instant after a local day: what ends with the day has ended by then. */
export function dayAfter(zone: string, date: LocalDate): Instant {
  return startOfLocalDay(zone, Temporal.PlainDate.from(date).add({ days: 1 }));
}

/** Whether a name is a zone this runtime knows. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}
