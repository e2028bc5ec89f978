import {
  type Append,
  type AppendResult,
  eventMissing,
  OutcomeUnknown,
  Pauses,
  type Position,
  StreamDamaged,
  unlessAborted,
} from "@taem/event-store";
import { type AppendAnswer, type AppendRequest, assertSize, encodeAppends } from "./append-request.ts";
import { BatchAppends } from "./batch-appends.ts";
import type { Connection } from "./connection.ts";
import { isSame, positionOf } from "./event-messages.ts";
import { EsdbError, type EsdbErrorCode, isUnimplemented, Passing } from "./failures.ts";
import { forEachOf } from "./for-each-of.ts";
import { collect, collectIfThere, streamRequest } from "./read-calls.ts";
import { sendAlone } from "./single-appends.ts";
import type { Timing } from "./timing.ts";

/** Appends in flight at a time, each to a stream of its own. */
const IN_FLIGHT = 128;
/** Appends given up without an outcome that are remembered; of more, the oldest are forgotten. */
const REMEMBERED = 10_000;

/** Refusals that say nothing of other appends. */
const OF_ONE_APPEND: ReadonlySet<EsdbErrorCode> = new Set([
  "event_store_append_too_large",
  "event_store_refused",
]);

/** What a look at a stream found at the revisions of an append. */
type Look =
  | { readonly found: "ours"; readonly position: Position }
  | { readonly found: "not ours"; readonly actualRevision: number };

/**
 * Appends until the outcome is definite. Any answer but success or a wrong revision leaves it open: then the stream
 * is looked at, and the same ids and bytes are sent again at the same expected revision, which can store them once
 * at most.
 */
export class Appender {
  readonly #connection: Connection;
  readonly #timing: Timing;
  readonly #batch: BatchAppends;
  /** The newest position that we know of: what is stored by an append sent after that lies beyond it. */
  #newest: Position;
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];
  /**
   * Appends without an outcome by the id of their first event, with their last attempt. It may still be under way, and what the
   * server is just writing, sent again, it answers only after a time-out of its own: so it is waited for.
   */
  readonly #open = new Map<string, Promise<unknown>>();
  #hasBatchAppend = true;

  constructor(connection: Connection, timing: Timing, newest: Position) {
    this.#connection = connection;
    this.#timing = timing;
    this.#newest = newest;
    this.#batch = new BatchAppends(connection, timing.append);
  }

  async append(appends: readonly Append[], signal: AbortSignal): Promise<AppendResult[]> {
    return forEachOf(encodeAppends(appends), IN_FLIGHT, (request) => this.#appendOrTell(request, signal));
  }

  async #appendOrTell(request: AppendRequest, signal: AbortSignal): Promise<AppendResult> {
    try {
      assertSize(request);
      return await this.#appendOne(request, signal);
    } catch (error) {
      if (isOfOneAppend(error)) return { ok: false, refused: error };
      throw error;
    }
  }

  /** One attempt at an append to a stream that is no part of the log. Rejects with `Passing` when it may have happened. */
  attempt(request: AppendRequest): Promise<AppendAnswer> {
    return this.#withTurn(() => this.#send(request));
  }

  async #appendOne(request: AppendRequest, signal: AbortSignal): Promise<AppendResult> {
    const [first] = request.events;
    let cause: unknown = signal.reason;
    let before = first && this.#open.get(first.id);
    const pauses = new Pauses();
    while (!signal.aborted) {
      const attempt = this.#tryOnce(request, before, signal);
      try {
        const result = await unlessAborted(attempt, signal);
        if (first !== undefined) this.#open.delete(first.id);
        return result;
      } catch (error) {
        const mayPass = error instanceof Passing || signal.aborted;
        // A refusal of what may have been stored before says nothing of that.
        if (!mayPass && before === undefined) throw error;
        if (first !== undefined) before = attempt.catch(() => {});
        if (!mayPass) throw this.#givenUp(request, error, before);
        cause = error;
      }
      await pauses.take(signal);
    }
    throw this.#givenUp(request, cause, before);
  }

  async #tryOnce(
    request: AppendRequest,
    before: Promise<unknown> | undefined,
    signal: AbortSignal,
  ): Promise<AppendResult> {
    if (request.events.length === 0) return this.#confirm(request);
    if (before !== undefined) {
      await before;
      const look = await this.#look(request);
      if (look.found === "ours") return succeeded(request, look.position);
      if (look.actualRevision > request.expectedRevision) return conflict(look.actualRevision);
    }
    const newestBefore = this.#newest;
    const answer = await this.#withTurn(() => {
      signal.throwIfAborted();
      return this.#send(request);
    });
    return this.#resultOf(request, answer, newestBefore, before !== undefined);
  }

  async #resultOf(
    request: AppendRequest,
    answer: AppendAnswer,
    newestBefore: Position,
    isOpen: boolean,
  ): Promise<AppendResult> {
    const end = request.expectedRevision + request.events.length;
    if (answer.stored) {
      const { position, revision } = answer;
      if (!isOpen && position !== undefined && position > newestBefore && revision === end) {
        if (position > this.#newest) this.#newest = position;
        return succeeded(request, position);
      }
      // Stored earlier, perhaps with other bytes: the server compares ids alone, and may tell another position.
    } else if (answer.actualRevision < end) return conflict(answer.actualRevision);
    const look = await this.#look(request);
    if (look.found === "ours") return succeeded(request, look.position);
    if (look.actualRevision > request.expectedRevision) return conflict(look.actualRevision);
    throw new Passing("the event store does not show yet what it says it has stored");
  }

  async #send(request: AppendRequest): Promise<AppendAnswer> {
    if (this.#hasBatchAppend) {
      try {
        return await this.#batch.send(request);
      } catch (error) {
        if (!isUnimplemented(error)) throw error;
        this.#hasBatchAppend = false;
      }
    }
    return sendAlone(this.#connection, request, this.#timing.append);
  }

  async #confirm({ stream, expectedRevision }: AppendRequest): Promise<AppendResult> {
    const actualRevision = await this.#withTurn(() => this.#headOf(stream));
    if (actualRevision !== expectedRevision) return conflict(actualRevision);
    return { ok: true, revision: expectedRevision, position: undefined };
  }

  /** The head is read first: what lies below it then does not change, while an attempt under way may still add to it. */
  async #look({ stream, expectedRevision, events }: AppendRequest): Promise<Look> {
    const actualRevision = await this.#headOf(stream);
    if (actualRevision <= expectedRevision) return { found: "not ours", actualRevision };
    const request = streamRequest({ stream, from: expectedRevision, count: events.length });
    const stored = await collect(this.#connection, request, this.#timing.silence);
    // Where a stream was deleted, or its beginning, its numbers go on.
    if (Number(stored[0]?.getStreamRevision()) !== expectedRevision)
      throw eventMissing(stream, expectedRevision + 1);
    const last = stored.at(-1);
    const isOurs =
      stored.length === events.length &&
      stored.every((message, i) => isSame(message, events[i] as AppendRequest["events"][number]));
    if (isOurs && last !== undefined) return { found: "ours", position: positionOf(last) };
    return { found: "not ours", actualRevision };
  }

  async #headOf(stream: string): Promise<number> {
    const request = streamRequest({ stream, from: undefined, count: 1 });
    const messages = await collectIfThere(this.#connection, request, this.#timing.silence);
    const last = messages?.[0];
    // A stream that is there has a last event, unless all are hidden.
    if (messages !== undefined && last === undefined) throw eventMissing(stream, 1);
    return last === undefined ? 0 : Number(last.getStreamRevision()) + 1;
  }

  /** Across all calls of `append`, so that many small ones cannot flood the server either. */
  async #withTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= IN_FLIGHT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inFlight++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }

  #givenUp(
    { events: [first] }: AppendRequest,
    cause: unknown,
    attempt: Promise<unknown> | undefined,
  ): OutcomeUnknown {
    if (first !== undefined && attempt !== undefined) {
      this.#open.set(first.id, attempt);
      const [oldest] = this.#open.keys();
      if (this.#open.size > REMEMBERED && oldest !== undefined) this.#open.delete(oldest);
    }
    return new OutcomeUnknown(cause);
  }
}

function isOfOneAppend(error: unknown): error is Error {
  return error instanceof StreamDamaged || (error instanceof EsdbError && OF_ONE_APPEND.has(error.code));
}

function succeeded({ expectedRevision, events }: AppendRequest, position: Position): AppendResult {
  return { ok: true, revision: expectedRevision + events.length, position };
}

function conflict(actualRevision: number): AppendResult {
  return { ok: false, conflict: { actualRevision } };
}
