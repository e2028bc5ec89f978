import type { Position } from "@taem/event-store";
import { dayAfter, type Instant, type LocalDate } from "@taem/kernel";
import { type Programme, zoneAt } from "@taem/programme/definitions";

/**
 * Which part of a programme's history a report counts: what was recorded by a position and was effective by an instant
 * (`asOf`) or has an accounting date by a day (`through`), with time let run its course on exactly the recorded events:
 * what is due by then counts, whether or not a sweep has written it. So a report of one cut is the same for ever.
 */
export interface ReportCut {
  /** As it was defined by the position. */
  readonly programme: Programme;
  readonly position: Position;
  readonly asOf: Instant | undefined;
  readonly through: LocalDate | undefined;
  /** Where lots and holds are judged; with `through` the first instant after the day, exclusive. */
  readonly at: Instant;
  /** How far time is let run: past the end of the day in any zone that the programme has had. */
  readonly sweptTo: Instant;
  /** What was effective by then is in the cut whatever its date; undefined = everything is. */
  readonly wholeBy: Instant | undefined;
}

export interface Bounds {
  readonly asOf: Instant | undefined;
  readonly through: LocalDate | undefined;
  /** Where neither is given. */
  readonly now: Instant;
}

export function reportCut(
  programme: Programme,
  position: Position,
  { asOf, through, now }: Bounds,
): ReportCut {
  const common = { programme, position, asOf, through };
  if (through === undefined) {
    const at = asOf ?? now;
    return { ...common, at, sweptTo: at, wholeBy: asOf };
  }
  const ends = programme.zones.map(({ value }) => dayAfter(value, through));
  // The zone in force as the day ends by it.
  const at =
    ends.findLast((end) => dayAfter(zoneAt(programme, end - 1), through) === end) ?? (ends[0] as Instant);
  return { ...common, at, sweptTo: Math.max(...ends), wholeBy: Math.min(...ends) - 1 };
}

/** Whether an event counts, by its effectiveAt and its accounting date. */
export function isIn({ asOf, through }: ReportCut, effectiveAt: Instant, date: LocalDate): boolean {
  if (through !== undefined) return date <= through;
  return asOf === undefined || effectiveAt <= asOf;
}

/** The last instant that belongs to the cut: what becomes available later is pending. */
export function lastInstantOf({ at, through }: ReportCut): Instant {
  return through === undefined ? at : at - 1;
}
