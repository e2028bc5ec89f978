import type { ExpiryPolicy, Term } from "@taem/contracts";
import { Temporal } from "temporal-polyfill";

/** Calendar arithmetic in a programme's IANA zone. Instants are milliseconds since the epoch. */

export type Instant = number;
/** A local calendar day, `2026-11-22`. */
export type LocalDate = string;

const DAY = 86_400_000;
/** What is later cannot be written as RFC 3339: it is as good as never, and no deadline lies beyond. */
const LAST = Temporal.Instant.from("9999-12-31T23:59:59.999Z").epochMilliseconds;

/** One remembered day per zone: commands come in time order, so almost every look-up is the day before. */
const lastDay = new Map<string, { start: Instant; date: LocalDate }>();

/** The local day that an instant falls in. */
export function localDate(zone: string, instant: Instant): LocalDate {
  const known = lastDay.get(zone);
  if (known !== undefined && instant >= known.start && instant < known.start + DAY) return known.date;
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  const date = local.toPlainDate().toString();
  // A day with a transition in it is not remembered: its local dates may not even be contiguous.
  if (local.hoursInDay === 24) lastDay.set(zone, { start: local.startOfDay().epochMilliseconds, date });
  return date;
}

/** The month in which points were earned, `2026-11`: the cohort that finance follows them by. */
export function vintageOf(zone: string, instant: Instant): string {
  return localDate(zone, instant).slice(0, 7);
}

/**
 * The instant at which a local day begins, as a deadline reads it: midnight inside a gap means the first instant
 * after the gap, a midnight that happens twice means the later one.
 */
function startOfLocalDay(zone: string, date: Temporal.PlainDate): Instant {
  const midnight = date.toPlainDateTime();
  const earlier = midnight.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = midnight.toZonedDateTime(zone, { disambiguation: "later" });
  const inGap = !earlier.toPlainDateTime().equals(midnight);
  const start = inGap ? (earlier.getTimeZoneTransition("next") ?? later) : later;
  return Math.min(start.epochMilliseconds, LAST);
}

/** The first instant after a term whose last valid day is the start day plus the term: 29 February + 1 year is valid through 28 February. */
export function afterTerm(zone: string, start: Instant, term: Term): Instant {
  const lastValid = Temporal.PlainDate.from(localDate(zone, start)).add({ [term.unit]: term.count });
  return startOfLocalDay(zone, lastValid.add({ days: 1 }));
}

const expiries = new Map<string, Instant>();
const REMEMBERED_EXPIRIES = 4096;

/** When points earned at an instant expire under a policy; undefined = never. */
export function expiryOf(policy: ExpiryPolicy, zone: string, earnedAt: Instant): Instant | undefined {
  if (policy.kind === "never") return undefined;
  const date = localDate(zone, earnedAt);
  const id = `${zone} ${date} ${policy.kind} ${policy.count} ${policy.term?.count} ${policy.term?.unit}`;
  const known = expiries.get(id);
  if (known !== undefined) return known;
  const expiry = computeExpiry(policy, zone, earnedAt, Temporal.PlainDate.from(date));
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

/** Whether a name is a zone this runtime knows. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}
