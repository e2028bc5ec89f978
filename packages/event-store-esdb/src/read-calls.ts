import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams, { type ReadReq, type ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import { type Connection, within } from "./connection.ts";
import { toIdentifier } from "./event-messages.ts";
import { ConnectionLost, failureOf, Passing } from "./failures.ts";
import type { EsdbPosition } from "./positions.ts";

export type RecordedMessage = ReadResp.ReadEvent.RecordedEvent;

/** Streams of ours begin so; nothing else in the server's log is an event of the port's log. */
export const STREAM_PREFIX = "taem.";
const EVERYTHING = "9223372036854775807";

const { ReadDirection } = streams.ReadReq.Options;
/** Events looked at between two checkpoints of a subscription: 32 times this. */
const CHECKPOINT_INTERVAL = 32;

export interface StreamRead {
  readonly stream: string;
  /** As EventStoreDB counts, from 0; undefined reads from the end, backwards. */
  readonly from: number | undefined;
  readonly count: number | undefined;
}

export function streamRequest({ stream, from, count }: StreamRead): ReadReq {
  const options = new streams.ReadReq.Options.StreamOptions();
  options.setStreamIdentifier(toIdentifier(stream));
  if (from === undefined) options.setEnd(new shared.Empty());
  else options.setRevision(String(from));
  const request = requestOf((all) => all.setStream(options));
  request.getOptions()?.setNoFilter(new shared.Empty());
  return counted(request, count, from === undefined);
}

/** The log from a position on, this one included; from the end, backwards, when `from` is "end". */
export function logRequest(
  from: EsdbPosition | "end" | undefined,
  count: number | undefined,
  prefix = STREAM_PREFIX,
): ReadReq {
  return counted(filteredRequest(from, prefix), count, from === "end");
}

/** The log after a position, for ever. */
export function subscriptionRequest(after: EsdbPosition | undefined): ReadReq {
  const request = filteredRequest(after, STREAM_PREFIX);
  request.getOptions()?.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  return request;
}

function filteredRequest(from: EsdbPosition | "end" | undefined, prefix: string): ReadReq {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from === undefined) all.setStart(new shared.Empty());
  else if (from === "end") all.setEnd(new shared.Empty());
  else {
    const position = new streams.ReadReq.Options.Position();
    position.setCommitPosition(from.commit);
    position.setPreparePosition(from.prepare);
    all.setPosition(position);
  }
  const names = new streams.ReadReq.Options.FilterOptions.Expression();
  names.setPrefixList([prefix]);
  const filter = new streams.ReadReq.Options.FilterOptions();
  filter.setStreamIdentifier(names);
  filter.setCount(new shared.Empty());
  filter.setCheckpointintervalmultiplier(CHECKPOINT_INTERVAL);
  return requestOf((options) => options.setAll(all).setFilter(filter));
}

function requestOf(set: (options: ReadReq.Options) => unknown): ReadReq {
  const uuids = new streams.ReadReq.Options.UUIDOption();
  uuids.setString(new shared.Empty());
  const options = new streams.ReadReq.Options();
  options.setUuidOption(uuids);
  set(options);
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}

function counted(request: ReadReq, count: number | undefined, isBackwards: boolean): ReadReq {
  const options = request.getOptions();
  options?.setCount(count === undefined ? EVERYTHING : String(count));
  options?.setReadDirection(isBackwards ? ReadDirection.BACKWARDS : ReadDirection.FORWARDS);
  return request;
}

/**
 * Hands over the events that answer a read until the answer ends or `onEvent` returns false; false where the server says that there
 * is no such stream. A connection that turns out to be lost is replaced once: what was restarted while we had nothing to ask serves
 * again.
 */
export async function readEvents(
  connection: Connection,
  request: ReadReq,
  silenceMs: number,
  onEvent: (message: RecordedMessage) => boolean,
): Promise<boolean> {
  let hasBegun = false;
  const handOver = (message: RecordedMessage) => {
    hasBegun = true;
    return onEvent(message);
  };
  try {
    return await readOnce(connection, request, silenceMs, handOver);
  } catch (error) {
    if (hasBegun || !(error instanceof ConnectionLost)) throw error;
    return await readOnce(connection, request, silenceMs, handOver);
  }
}

/** Gives up, as `Passing`, on a server that says nothing for so long: a connection may die in silence. */
async function readOnce(
  connection: Connection,
  request: ReadReq,
  silenceMs: number,
  onEvent: (message: RecordedMessage) => boolean,
): Promise<boolean> {
  const call = await startedWithin(silenceMs, connection.read(request));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isThere = true;
  const silence = setTimeout(() => reject(new Passing("the event store went silent")), silenceMs);
  const onData = (response: ReadResp) => {
    silence.refresh();
    if (response.hasStreamNotFound()) isThere = false;
    const message = response.getEvent()?.getEvent();
    try {
      if (message !== undefined && !onEvent(message)) resolve();
    } catch (error) {
      reject(error);
    }
  };
  call.on("data", onData).on("end", resolve).on("error", reject);
  try {
    await promise;
    return isThere;
  } catch (error) {
    throw failureOf(error);
  } finally {
    clearTimeout(silence);
    call.off("data", onData);
    call.cancel();
  }
}

/** A call that starts later than that is cancelled as soon as it does. */
export async function startedWithin<Call extends { cancel(): void }>(
  milliseconds: number,
  starting: Promise<Call>,
): Promise<Call> {
  try {
    return await within(milliseconds, starting);
  } catch (error) {
    starting.then((late) => late.cancel()).catch(() => {});
    throw error;
  }
}

/** All events that answer a read. */
export async function collect(
  connection: Connection,
  request: ReadReq,
  silenceMs: number,
): Promise<RecordedMessage[]> {
  return (await collectIfThere(connection, request, silenceMs)) ?? [];
}

/** All events that answer a read of a stream; undefined where the server says that there is none. */
export async function collectIfThere(
  connection: Connection,
  request: ReadReq,
  silenceMs: number,
): Promise<RecordedMessage[] | undefined> {
  const messages: RecordedMessage[] = [];
  const isThere = await readEvents(connection, request, silenceMs, (message) => messages.push(message) > 0);
  return isThere ? messages : undefined;
}
