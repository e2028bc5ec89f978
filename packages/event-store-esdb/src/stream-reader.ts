import type { ReadRequest, RecordedEvent, StreamSlice } from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { toRecorded } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { forEachOf } from "./for-each-of.ts";
import { collect, streamRequest } from "./read-calls.ts";

/** Streams read at a time. */
const AT_ONCE = 64;

export function readStreams(
  connection: Connection,
  silenceMs: number,
  requests: readonly ReadRequest[],
): Promise<StreamSlice[]> {
  return forEachOf(requests, AT_ONCE, async ({ stream, afterRevision, limit }) => ({
    events: limit === 0 ? [] : await readPart(connection, silenceMs, stream, afterRevision, limit),
  }));
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

async function readPart(
  connection: Connection,
  silenceMs: number,
  stream: string,
  afterRevision: number,
  limit: number | undefined,
): Promise<RecordedEvent[]> {
  try {
    const request = streamRequest({ stream, from: afterRevision, count: limit });
    return (await collect(connection, request, silenceMs)).map(toRecorded);
  } catch (error) {
    throw toReadFailure(error);
  }
}
