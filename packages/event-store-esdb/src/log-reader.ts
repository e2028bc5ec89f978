import { type LogFilter, type LogPage, type Position, type RecordedEvent, START } from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { positionOf, toRecorded } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { fromPosition } from "./positions.ts";
import { collect, logRequest, readEvents } from "./read-calls.ts";

/** The server filters by stream name; slices, which it does not know, are left out here. */
export async function readPage(
  connection: Connection,
  silenceMs: number,
  after: Position,
  limit: number,
  { slices }: LogFilter = {},
): Promise<LogPage> {
  const wanted = slices && new Set(slices);
  const events: RecordedEvent[] = [];
  await scanLog(connection, silenceMs, after, wanted ? undefined : limit, (event) => {
    if (wanted === undefined || wanted.has(event.slice)) events.push(event);
    return events.length < limit;
  });
  return { events, next: events.at(-1)?.position ?? after };
}

/**
 * Hands over the log after a position until `onEvent` returns false or the head is reached. An answer that ends
 * early is no head: reading goes on until nothing more comes.
 */
export async function scanLog(
  connection: Connection,
  silenceMs: number,
  after: Position,
  count: number | undefined,
  onEvent: (event: RecordedEvent) => boolean,
): Promise<void> {
  let last = after;
  let isDone = count === 0;
  while (!isDone) {
    const start = last;
    // A read begins with the event at its position.
    const request = logRequest(fromPosition(start), count === undefined ? undefined : count + 1);
    try {
      await readEvents(connection, request, silenceMs, (message) => {
        const event = toRecorded(message);
        if (event.position <= last) return true;
        last = event.position;
        isDone = !onEvent(event);
        return !isDone;
      });
    } catch (error) {
      throw toReadFailure(error);
    }
    isDone ||= last === start;
  }
}

export async function readHead(connection: Connection, silenceMs: number): Promise<Position> {
  try {
    const [newest] = await collect(connection, logRequest("end", 1), silenceMs);
    return newest === undefined ? START : positionOf(newest);
  } catch (error) {
    throw toReadFailure(error);
  }
}
