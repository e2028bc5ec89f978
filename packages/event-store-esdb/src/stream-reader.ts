import {
  assertFollowing,
  damagedSlice,
  eventMissing,
  type ReadRequest,
  type RecordedEvent,
  StreamDamaged,
  type StreamSlice,
} from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { textOf, toRecorded } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { forEachOf } from "./for-each-of.ts";
import { collect, collectIfThere, streamRequest } from "./read-calls.ts";

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
    const events = messages?.map(toRecorded) ?? [];
    assertFollowing(stream, afterRevision, events);
    if (messages === undefined && (afterRevision > 0 || (await wasDeleted(connection, silenceMs, stream))))
      throw new StreamDamaged(stream, "was deleted in the event store");
    if (messages?.length === 0 && afterRevision === 0) throw eventMissing(stream, 1);
    return events;
  } catch (error) {
    throw toReadFailure(error);
  }
}

/**
 * A stream that was deleted, but not for ever, reads as one that never was, and takes the append of a first event; its
 * metadata remember.
 */
async function wasDeleted(connection: Connection, silenceMs: number, stream: string): Promise<boolean> {
  const request = streamRequest({ stream: `$$${stream}`, from: undefined, count: 1 });
  const [newest] = await collect(connection, request, silenceMs);
  if (newest === undefined) return false;
  const metadata: unknown = JSON.parse(textOf(newest.getData_asU8()));
  return HIDING.some((name) => Object.hasOwn(metadata as object, name));
}
