import {
  type ForeignEvent,
  type LogAudit,
  type LogFilter,
  type LogPage,
  type Position,
  type RecordedEvent,
  START,
} from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { foreignOf, positionOf, toRecorded } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { fromPosition } from "./positions.ts";
import { collect, logRequest, type RecordedMessage, readEvents } from "./read-calls.ts";

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

/** The same, with what was passed over. */
export async function auditPage(
  connection: Connection,
  silenceMs: number,
  after: Position,
  limit: number,
): ReturnType<LogAudit["verifyPage"]> {
  const events: RecordedEvent[] = [];
  const foreign: ForeignEvent[] = [];
  const onEvent = (event: RecordedEvent) => events.push(event) < limit;
  await scanLog(connection, silenceMs, after, limit, onEvent, (message) => {
    foreign.push({ position: positionOf(message), ...foreignOf(message) });
    return true;
  });
  return { events, next: events.at(-1)?.position ?? after, damage: undefined, foreign };
}

/**
 * Hands over the log after a position until `onEvent`, or `onForeign` for what is none, returns false or the head is reached. An
 * answer that ends early is no head: reading goes on until nothing more comes.
 */
export async function scanLog(
  connection: Connection,
  silenceMs: number,
  after: Position,
  count: number | undefined,
  onEvent: (event: RecordedEvent) => boolean,
  onForeign: (message: RecordedMessage) => boolean = () => true,
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
        const position = event?.position ?? positionOf(message);
        if (position <= last) return true;
        last = position;
        isDone = !(event === undefined ? onForeign(message) : onEvent(event));
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
