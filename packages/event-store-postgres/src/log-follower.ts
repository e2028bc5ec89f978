import type { LogFilter, LogPage, Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { readPage } from "./log-reader.ts";
import { GivenUp, persist } from "./persistence.ts";
import type { WakeUps } from "./wake-ups.ts";

/** Only for a notification that never comes, as over a connection that died in silence. */
const POLL_MS = 1_000;

/** Reads page after page as they are asked for; at the head waits for the next wake-up. */
export async function* followLog(
  database: Queryable,
  wakeUps: WakeUps,
  after: Position,
  limit: number,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<LogPage> {
  let position = after;
  try {
    while (!signal.aborted) {
      // Counted before the read: an event appended after it cannot go unnoticed.
      const heard = wakeUps.count;
      const { events, next, scanned } = await persist(
        () => readPage(database, position, limit, filter),
        signal,
      );
      position = scanned;
      if (events.length > 0) yield { events, next };
      else await wakeUps.after(heard, POLL_MS, signal);
    }
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
  }
}
