import { Temporal } from "temporal-polyfill";

const DAY_MS = 86_400_000;
const REMEMBERED_DAYS = 4_096;

/**
 * Local time in an IANA zone to instants. `wall` and the result are milliseconds: the wall clock's reading as if it
 * were UTC, and the instant. A reading inside a gap means the first instant after it, one that happens twice the one told.
 */
export function zoneReader(zone: string, twice: "earlier" | "later"): (wall: number) => number {
  /** Offset of a local day on which the clocks are not changed; undefined for the others. */
  const offsets = new Map<number, number | undefined>();
  const offsetOn = (day: number): number | undefined => {
    if (!offsets.has(day)) {
      if (offsets.size >= REMEMBERED_DAYS) offsets.clear();
      offsets.set(day, offsetOf(zone, day * DAY_MS));
    }
    return offsets.get(day);
  };
  return (wall) => {
    const offset = offsetOn(Math.floor(wall / DAY_MS));
    return offset === undefined ? resolve(zone, wall, twice) : wall - offset;
  };
}

function offsetOf(zone: string, midnight: number): number | undefined {
  const begins = plain(midnight);
  const start = begins.toZonedDateTime(zone);
  const end = plain(midnight + DAY_MS).toZonedDateTime(zone);
  const exists = start.toPlainDateTime().equals(begins); // Samoa skipped one
  const isPlainDay = exists && start.offset === end.offset && start.hoursInDay === 24;
  return isPlainDay ? start.offsetNanoseconds / 1e6 : undefined;
}

function resolve(zone: string, wall: number, twice: "earlier" | "later"): number {
  const local = plain(wall);
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(zone, { disambiguation: "later" });
  const isInGap = !earlier.toPlainDateTime().equals(local);
  const instant = isInGap ? (earlier.getTimeZoneTransition("next") ?? later) : { earlier, later }[twice];
  return instant.epochMilliseconds;
}

function plain(wall: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO("UTC").toPlainDateTime();
}
