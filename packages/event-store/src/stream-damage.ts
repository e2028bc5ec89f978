import type { Aggregate } from "./aggregate.ts";
import type { ReadRequest, RecordedEvent, StreamSlice } from "./event-store.ts";

/**
 * What the store has of a stream is not what was appended to it, or cannot have been: its beginning or something within it is
 * gone, it was deleted, or its events contradict each other. Nothing is decided on it, and nothing told of it, until it is whole.
 */
export class StreamDamaged extends Error {
  readonly code = "stream_damaged";
  readonly stream: string;
  /** `what` follows on the stream's name. */
  constructor(stream: string, what: string, options?: ErrorOptions) {
    const advice =
      "restore the event store from a backup that has it whole, or upgrade a program that is too old for it";
    super(`the stream ${stream} ${what}: ${advice}`, options);
    this.name = "StreamDamaged";
    this.stream = stream;
  }
}

/** What was read of a stream: whole, or damaged where its events do not follow each other from the one that was asked for on. */
export function sliceOf(
  { stream, afterRevision }: ReadRequest,
  events: readonly RecordedEvent[],
): StreamSlice {
  try {
    assertFollowing(stream, afterRevision, events);
    return { events };
  } catch (error) {
    return damagedSlice(error as StreamDamaged);
  }
}

/** What was read of a stream that has lost some of its events. */
export function damagedSlice(damage: StreamDamaged): StreamSlice {
  return {
    get events(): never {
      throw damage;
    },
  };
}

/** The events of a slice, or why the stream has not all of them. */
export function eventsOrDamage(slice: StreamSlice | undefined): readonly RecordedEvent[] | StreamDamaged {
  try {
    return slice?.events ?? [];
  } catch (error) {
    if (error instanceof StreamDamaged) return error;
    throw error;
  }
}

/** Throws `StreamDamaged` where events of a stream do not follow each other from a revision on. */
export function assertFollowing(
  stream: string,
  afterRevision: number,
  events: readonly Pick<RecordedEvent, "revision">[],
): void {
  let expected = afterRevision;
  for (const { revision } of events) if (revision !== ++expected) throw eventMissing(stream, expected);
}

/** Of a stream that has no such event, and should. */
export function eventMissing(stream: string, revision: number): StreamDamaged {
  return new StreamDamaged(stream, `has lost its event ${revision}`);
}

/**
 * Throws `StreamDamaged` on an event that cannot have happened after those before it, that this program does not know, or that is of
 * another stream.
 */
export function evolved<S>(
  { events, owner, evolve }: Pick<Aggregate<S>, "events" | "owner" | "evolve">,
  state: S,
  record: RecordedEvent,
): S {
  try {
    const event = events.decode(record);
    if (owner !== undefined) assertOwn(record, owner(event));
    return evolve(state, event);
  } catch (cause) {
    throw cause instanceof StreamDamaged ? cause : notFolding(record, cause);
  }
}

/** Throws `StreamDamaged` on an event whose owner is not the one that its stream is named after: somebody has given it to another. */
export function assertOwn(
  { stream, revision, type }: Pick<RecordedEvent, "stream" | "revision" | "type">,
  owner: string,
): void {
  if (!stream.includes(owner))
    throw new StreamDamaged(stream, `has an event ${revision}, ${type}, of another stream`);
}

/** Of an event that does not follow on those before it. What a later program wrote, which this one does not know, looks the same. */
export function notFolding(
  { stream, revision, type }: Pick<RecordedEvent, "stream" | "revision" | "type">,
  cause: unknown,
): StreamDamaged {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StreamDamaged(stream, `does not fold from event ${revision}, ${type}, on (${why})`, { cause });
}
