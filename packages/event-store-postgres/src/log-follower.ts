import type { FollowOptions, LogPage, Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { readPage } from "./log-reader.ts";
import { GivenUp, persist } from "./persistence.ts";
import type { StreamNames } from "./stream-names.ts";
import type { WakeUps } from "./wake-ups.ts";

/** Only for a notification that never comes, as over a connection that died in silence. */
const POLL_MS = 1_000;

/**
 * Reads page after page; at the head waits for the next wake-up. While the consumer works on a full page, which more
 * follow, the next one is read; after a part of a page it is better to let events gather until the consumer asks.
 */
export async function* followLog(
  database: Queryable,
  streams: StreamNames,
  wakeUps: WakeUps,
  after: Position,
  { limit, signal, onFailure, ...filter }: FollowOptions,
): AsyncGenerator<LogPage> {
  const ended = new AbortController();
  const untilEnded = AbortSignal.any([signal, ended.signal]);
  const ask = (position: Position) => {
    // Counted before the read: an event appended after it cannot go unnoticed.
    const heard = wakeUps.count;
    const page = persist(() => readPage(database, streams, position, limit, filter), untilEnded, onFailure);
    // A failure is seen when it is this page's turn.
    page.catch(() => {});
    return { heard, page };
  };
  let asked = ask(after);
  try {
    while (!signal.aborted) {
      const { events, next, scanned } = await asked.page;
      const { heard } = asked;
      const isFull = events.length === limit;
      if (isFull) asked = ask(scanned);
      if (events.length > 0) yield { events, next };
      else await wakeUps.after(heard, POLL_MS, signal);
      if (!isFull) asked = ask(scanned);
    }
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
  } finally {
    ended.abort();
    await asked.page.catch(() => {});
  }
}
