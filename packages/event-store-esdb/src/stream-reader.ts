import {
  assertFollowing,
  damagedSlice,
  eventMissing,
  type ReadRequest,
  type RecordedEvent,
  StreamDamaged,
  type StreamFault,
  type StreamSlice,
} from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { foreignOf, streamOf, textOf, toRecorded } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { forEachOf } from "./for-each-of.ts";
import {
  collect,
  collectIfThere,
  logRequest,
  type RecordedMessage,
  readEvents,
  STREAM_PREFIX,
  streamRequest,
} from "./read-calls.ts";

/** Of the streams that have the metadata of ours. */
const METADATA_PREFIX = `$$${STREAM_PREFIX}`;
/** Streams read at a time. */
const AT_ONCE = 64;
/** What of a stream's metadata hides its events: from a number on, older than an age, more than a count. */
const HIDING = ["$tb", "$maxAge", "$maxCount"];

export function readStreams(
  connection: Connection,
  silenceMs: number,
  requests: readonly ReadRequest[],
): Promise<StreamSlice[]> {
  return forEachOf(requests, AT_ONCE, async ({ stream, afterRevision, limit }) => {
    if (limit === 0) return { events: [] };
    try {
      return { events: await readPart(connection, silenceMs, stream, afterRevision, limit) };
    } catch (error) {
      if (error instanceof StreamDamaged) return damagedSlice(error);
      throw error;
    }
  });
}

export async function* readStreamPages(
  connection: Connection,
  silenceMs: number,
  stream: string,
  afterRevision: number,
  pageSize: number,
): AsyncGenerator<RecordedEvent[]> {
  let revision = afterRevision;
  for (;;) {
    const page = await readPart(connection, silenceMs, stream, revision, pageSize);
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    revision += page.length;
  }
}

/** Throws `StreamDamaged` where what was appended there is not there. */
async function readPart(
  connection: Connection,
  silenceMs: number,
  stream: string,
  afterRevision: number,
  limit: number | undefined,
): Promise<RecordedEvent[]> {
  try {
    const request = streamRequest({ stream, from: afterRevision, count: limit });
    const messages = await collectIfThere(connection, request, silenceMs);
    const events = messages?.map(recordedOrDamage) ?? [];
    assertFollowing(stream, afterRevision, events);
    if (messages === undefined && (afterRevision > 0 || (await wasDeleted(connection, silenceMs, stream))))
      throw new StreamDamaged(stream, "was deleted in the event store");
    if (messages?.length === 0 && afterRevision === 0) throw eventMissing(stream, 1);
    return events;
  } catch (error) {
    throw toReadFailure(error);
  }
}

function recordedOrDamage(message: RecordedMessage): RecordedEvent {
  const event = toRecorded(message);
  if (event !== undefined) return event;
  const { stream, what } = foreignOf(message);
  throw new StreamDamaged(stream, what);
}

/**
 * A stream that was deleted, but not for ever, reads as one that never was, and takes the append of a first event; its
 * metadata remember.
 */
async function wasDeleted(connection: Connection, silenceMs: number, stream: string): Promise<boolean> {
  const request = streamRequest({ stream: `$$${stream}`, from: undefined, count: 1 });
  const [newest] = await collect(connection, request, silenceMs);
  return newest !== undefined && hidingOf(newest) !== undefined;
}

/**
 * The streams whose newest metadata hide events of them. Before the server cleans up who reads the log sees them all the same, so only
 * a look at the metadata, which are in the log as well, tells.
 */
export async function findHidden(connection: Connection, silenceMs: number): Promise<readonly StreamFault[]> {
  const hidden = new Map<string, string>();
  try {
    const request = logRequest(undefined, undefined, METADATA_PREFIX);
    await readEvents(connection, request, silenceMs, (message) => {
      const stream = streamOf(message).slice("$$".length);
      const hiding = hidingOf(message);
      if (hiding === undefined) hidden.delete(stream);
      else hidden.set(stream, hiding);
      return true;
    });
  } catch (error) {
    throw toReadFailure(error);
  }
  return Array.from(hidden, ([stream, hiding]) => ({
    stream,
    what: `has metadata that hide events of it: ${hiding}`,
  }));
}

/** What the metadata say that hides events; undefined where they hide none. */
function hidingOf(metadata: RecordedMessage): string | undefined {
  const text = textOf(metadata.getData_asU8());
  const said: unknown = JSON.parse(text);
  return HIDING.some((name) => Object.hasOwn(said as object, name)) ? text : undefined;
}
