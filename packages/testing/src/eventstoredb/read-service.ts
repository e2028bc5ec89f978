import type * as Streams from "@eventstore/db-client/generated/streams_pb.js";
import type { Access } from "./access.ts";
import type { EventLog, StoredEvent } from "./event-log.ts";
import {
  ERRORS,
  type Faults,
  requiresLeader,
  serviceError,
  streamDeleted,
  type WireError,
} from "./faults.ts";
import { identifierOf, nameOf, type ReadCall, streams, uuidOf } from "./wire.ts";

type Options = Streams.ReadReq.Options;
type Response = Streams.ReadResp;
type Matches = (event: StoredEvent) => boolean;

const BACKWARDS = 1;
/** What a server looks through before it thinks of a checkpoint, where the request does not say. */
const DEFAULT_WINDOW = 32;
/** Events that may come while a live subscriber takes none. */
const LIVE_BUFFER = 1_000;

/** The subscriptions that are open, to end or to silence them. */
export class Subscriptions {
  readonly #calls = new Set<ReadCall>();
  isMute = false;

  add(call: ReadCall): void {
    this.#calls.add(call);
    call.on("close", () => this.#calls.delete(call));
    call.on("cancelled", () => this.#calls.delete(call));
  }

  get count(): number {
    return this.#calls.size;
  }

  endWith(error: WireError): void {
    for (const call of this.#calls) call.emit("error", serviceError(error));
    this.#calls.clear();
  }
}

export class ReadService {
  readonly #log: EventLog;
  readonly #access: Access;
  readonly #faults: Faults;
  readonly #subscriptions: Subscriptions;
  readonly #drop: (call: ReadCall) => void;

  constructor(
    log: EventLog,
    access: Access,
    faults: Faults,
    subscriptions: Subscriptions,
    drop: (call: ReadCall) => void,
  ) {
    this.#log = log;
    this.#access = access;
    this.#faults = faults;
    this.#subscriptions = subscriptions;
    this.#drop = drop;
  }

  async read(call: ReadCall): Promise<void> {
    const options = call.request.getOptions() as Options;
    const subscription = options.hasSubscription();
    const stream = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined;
    if (!this.#access.allows(call, "$r", stream ?? "$all")) {
      call.emit("error", serviceError(ERRORS.accessDenied));
      return;
    }
    const seen = { stream, subscription, from: positionOf(options), requiresLeader: requiresLeader(call) };
    const fault = this.#faults.onRead?.(seen);
    if (fault?.kind === "swallow") return;
    if (fault?.kind === "drop") return this.#drop(call);
    let left = fault?.afterMessages ?? (fault === undefined ? Number.POSITIVE_INFINITY : 0);
    let isLive = false;
    for await (const response of this.#responses(call, options, stream)) {
      if (left-- <= 0 || call.cancelled) break;
      isLive ||= response.hasCaughtUp();
      if (call.write(response) || (await this.#drained(call, isLive))) continue;
      call.emit("error", serviceError(ERRORS.tooSlow));
      return;
    }
    if (fault !== undefined) call.emit("error", serviceError(fault.error));
    else if (!call.cancelled) call.end();
  }

  async *#responses(call: ReadCall, options: Options, stream: string | undefined): AsyncGenerator<Response> {
    if (stream !== undefined) {
      yield* this.#streamResponses(call, options, stream);
      return;
    }
    if (options.hasSubscription()) {
      this.#subscriptions.add(call);
      yield* this.#subscribe(call, options);
      return;
    }
    const start = this.#startOf(call, options);
    if (start === undefined) return;
    const matches = this.#matcherOf(options);
    const step = options.getReadDirection() === BACKWARDS ? -1 : 1;
    let left = Math.min(Number(options.getCount()), this.#faults.longestRead ?? Number.POSITIVE_INFINITY);
    for (let i = step === 1 ? start : start - 1; left > 0; i += step) {
      const event = this.#log.at(i);
      if (event === undefined) return;
      if (!matches(event)) continue;
      left--;
      yield eventResponse(event);
    }
  }

  *#streamResponses(call: ReadCall, options: Options, stream: string): Generator<Response> {
    if (this.#log.isTombstoned(stream)) {
      call.emit("error", serviceError(streamDeleted(stream)));
      return;
    }
    const events = this.#log.readStream(stream);
    if (events === undefined) {
      yield streamNotFound(stream);
      return;
    }
    const from = options.getStream();
    const count = Number(options.getCount());
    const first = events[0]?.revision ?? 0;
    if (options.getReadDirection() === BACKWARDS) {
      const last = from?.hasEnd() ? events.length - 1 : Number(from?.getRevision() ?? 0) - first;
      for (let i = last; i >= 0 && i > last - count; i--) yield eventResponse(events[i] as StoredEvent);
      return;
    }
    const start = from?.hasRevision() ? Math.max(Number(from.getRevision()) - first, 0) : 0;
    for (const event of events.slice(start, start + count)) yield eventResponse(event);
  }

  /** Events as they come, a checkpoint each so many looked at, and word of having caught up. */
  async *#subscribe(call: ReadCall, options: Options): AsyncGenerator<Response> {
    const start = this.#startOf(call, options);
    if (start === undefined) return;
    const matches = this.#matcherOf(options);
    const interval = checkpointInterval(options);
    const isFiltered = options.hasFilter();
    let considered = 0;
    let isLive = false;
    yield confirmation();
    for (let i = start; !call.cancelled; ) {
      const event = this.#log.at(i);
      if (event === undefined) {
        const previous = this.#log.at(i - 1);
        if (!isLive && isFiltered && previous !== undefined) yield checkpoint(previous);
        if (!isLive) yield caughtUp();
        isLive = true;
        await this.#more(call, i);
        continue;
      }
      i++;
      if (this.#subscriptions.isMute) continue;
      if (matches(event)) yield eventResponse(event);
      if (isFiltered && ++considered % interval === 0) yield checkpoint(event);
    }
  }

  #matcherOf(options: Options): Matches {
    const matches = matcherOf(options);
    return (event) => matches(event) && !this.#log.isScavenged(event);
  }

  /** Index of the first event of a reading; for a subscription, that after its position. */
  #startOf(call: ReadCall, options: Options): number | undefined {
    if (options.getAll()?.hasEnd()) return this.#log.length;
    const position = positionOf(options);
    if (position === undefined) return 0;
    const { commit, prepare } = position;
    const index = this.#log.indexAt(commit, prepare);
    const found = this.#log.at(index);
    if (found?.commit !== commit || found.prepare !== prepare) {
      const error = options.hasSubscription() ? ERRORS.handlerThrew : ERRORS.invalidPosition;
      call.emit("error", serviceError(error));
      return undefined;
    }
    return options.hasSubscription() && !this.#faults.isInclusive ? index + 1 : index;
  }

  /** Resolves when the subscriber takes more, or is gone; false where it is live and too much has come meanwhile. */
  async #drained(call: ReadCall, isLive: boolean): Promise<boolean> {
    if (call.cancelled) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = this.#log.length + LIVE_BUFFER;
    const onMore = () => {
      if (this.#log.length > end) resolve(false);
      else stop = this.#log.onMore(onMore);
    };
    let stop = isLive ? this.#log.onMore(onMore) : () => false;
    const onDrain = () => resolve(true);
    call.once("drain", onDrain).once("cancelled", onDrain);
    const isDrained = await promise;
    stop();
    call.off("drain", onDrain).off("cancelled", onDrain);
    return isDrained;
  }

  /** Resolves when there is more than so many events, or the call is over. */
  async #more(call: ReadCall, index: number): Promise<void> {
    if (this.#log.at(index) !== undefined || call.cancelled) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#log.onMore(resolve);
    call.once("cancelled", resolve);
    await promise;
    stop();
    call.off("cancelled", resolve);
  }
}

function positionOf(options: Options): { commit: number; prepare: number } | undefined {
  const position = options.getAll()?.getPosition();
  if (position === undefined) return undefined;
  return { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) };
}

function checkpointInterval(options: Options): number {
  const filter = options.getFilter();
  const window = filter?.hasMax() ? filter.getMax() : DEFAULT_WINDOW;
  return window * (filter?.getCheckpointintervalmultiplier() || 1);
}

function matcherOf(options: Options): Matches {
  const filter = options.getFilter();
  if (filter === undefined) return () => true;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  const subject = (event: StoredEvent) => (byStream === undefined ? event.type : event.stream);
  const regex = expression?.getRegex();
  if (regex) {
    const pattern = new RegExp(regex);
    return (event) => pattern.test(subject(event));
  }
  const prefixes = expression?.getPrefixList() ?? [];
  return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix));
}

function eventResponse(event: StoredEvent): Response {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(uuidOf(event.id));
  recorded.setStreamIdentifier(identifierOf(event.stream));
  recorded.setStreamRevision(String(event.revision));
  recorded.setCommitPosition(String(event.commit));
  recorded.setPreparePosition(String(event.prepare));
  recorded.setData(event.data);
  recorded.setCustomMetadata(event.metadata);
  const metadata = recorded.getMetadataMap();
  metadata.set("type", event.type);
  metadata.set("created", `${event.created}0000`);
  metadata.set("content-type", event.contentType);
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(recorded);
  read.setCommitPosition(String(event.commit));
  const response = new streams.ReadResp();
  response.setEvent(read);
  return response;
}

function streamNotFound(stream: string): Response {
  const notFound = new streams.ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(identifierOf(stream));
  const response = new streams.ReadResp();
  response.setStreamNotFound(notFound);
  return response;
}

function confirmation(): Response {
  const confirmed = new streams.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(crypto.randomUUID());
  const response = new streams.ReadResp();
  response.setConfirmation(confirmed);
  return response;
}

function checkpoint({ commit, prepare }: StoredEvent): Response {
  const reached = new streams.ReadResp.Checkpoint();
  reached.setCommitPosition(String(commit));
  reached.setPreparePosition(String(prepare));
  const response = new streams.ReadResp();
  response.setCheckpoint(reached);
  return response;
}

function caughtUp(): Response {
  const response = new streams.ReadResp();
  response.setCaughtUp(new streams.ReadResp.CaughtUp());
  return response;
}
