import type { Append, Position } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import { type EncodedEvent, encodeEvent } from "./event-messages.ts";
import { EsdbError } from "./failures.ts";
import { STREAM_PREFIX } from "./read-calls.ts";

/** One append, encoded once, so that sending it again sends the same bytes. */
export interface AppendRequest {
  readonly stream: string;
  /** As the port counts: 0 is a stream without events. */
  readonly expectedRevision: number;
  readonly events: readonly EncodedEvent[];
}

/** What the server said to an append. Revisions as the port counts; a position may be missing or of another event. */
export type AppendAnswer =
  | { readonly stored: true; readonly revision: number; readonly position: Position | undefined }
  | { readonly stored: false; readonly actualRevision: number };

/** The server's own limit of a message is 4 MiB, that of an append 1 MiB unless it is set higher. */
const MAX_BYTES = 3 * 1024 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws before anything is sent on what is wrongly asked for, or what followers of the log would never see. */
export function encodeAppends(appends: readonly Append[]): AppendRequest[] {
  const streams = new Set(appends.map(({ stream }) => stream));
  if (streams.size < appends.length) throw new TypeError("a stream appears twice in one append");
  return appends.map(encodeAppend);
}

function encodeAppend({ stream, slice, expectedRevision, events }: Append): AppendRequest {
  if (!stream.startsWith(STREAM_PREFIX))
    throw new TypeError(`${stream}: a stream begins with ${STREAM_PREFIX}`);
  if (!Number.isInteger(slice) || slice < 0 || slice >= SLICES)
    throw new TypeError(`${slice} is no slice: 0 to ${SLICES - 1}`);
  if (!Number.isSafeInteger(expectedRevision) || expectedRevision < 0) {
    throw new TypeError(`${expectedRevision} is no revision: 0 or more`);
  }
  const wrongId = events.find(({ id }) => !UUID.test(id));
  if (wrongId !== undefined) throw new TypeError(`${wrongId.id} is no event id: a UUID in lower case`);
  const encoded = events.map((event) => encodeEvent(event, slice));
  return { stream, expectedRevision, events: encoded };
}

/** Throws on what no server takes. */
export function assertSize({ events }: AppendRequest): void {
  const bytes = events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
  if (bytes <= MAX_BYTES) return;
  throw new EsdbError("event_store_append_too_large", `an append takes at most ${MAX_BYTES} bytes`);
}
