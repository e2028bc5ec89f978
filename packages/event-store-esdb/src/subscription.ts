import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { LogFilter, Position, RecordedEvent } from "@taem/event-store";
import type { Connection, ReadCall } from "./connection.ts";
import { positionOf, toRecorded } from "./event-messages.ts";
import { failureOf, Passing } from "./failures.ts";
import { fromPosition, positionIfAny } from "./positions.ts";
import { startedWithin, subscriptionRequest } from "./read-calls.ts";
import type { Timing } from "./timing.ts";

/** Undefined where the server has looked at the log, up to the position, without finding an event for us. */
interface Received {
  readonly position: Position;
  readonly event: RecordedEvent | undefined;
}

/**
 * One subscription to the log. What it receives stays in order in a queue, checkpoints among the events, and only as
 * much as two pages: then the server is held up.
 */
export class Subscription {
  readonly #call: ReadCall;
  readonly #limit: number;
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #quiet: NodeJS.Timeout;
  readonly #queue: Received[] = [];
  #queuedEvents = 0;
  /** Until the server has sent all there is, a page is worth waiting for until it is full. */
  #isLive = false;
  #handled: Position;
  #received: Position;
  #failure: unknown;
  #wake: (() => void) | undefined;

  private constructor(call: ReadCall, after: Position, limit: number, filter: LogFilter, timing: Timing) {
    this.#call = call;
    this.#handled = after;
    this.#received = after;
    this.#limit = limit;
    this.#wanted = filter.slices && new Set(filter.slices);
    this.#quiet = setTimeout(() => {
      // It is we who hold it up.
      if (call.isPaused()) this.#quiet.refresh();
      else this.#fail(new Passing("the subscription went quiet"));
    }, timing.quiet);
    call.on("data", (response: ReadResp) => this.#take(response));
    call.on("error", (error) => this.#fail(failureOf(error)));
    call.on("end", () => this.#fail(new Passing("the event store ended the subscription")));
  }

  static async open(
    connection: Connection,
    after: Position,
    limit: number,
    filter: LogFilter,
    timing: Timing,
  ): Promise<Subscription> {
    const starting = connection.read(subscriptionRequest(fromPosition(after)));
    const call = await startedWithin(timing.silence, starting);
    return new Subscription(call, after, limit, filter, timing);
  }

  /** Where another subscription can take up: everything up to there has been handed out, and what was before handled. */
  get handled(): Position {
    return this.#handled;
  }

  /**
   * The events received so far, `limit` at most; waits for one. Asking for more means that those before are handled.
   * Rejects when the subscription has failed and its queue is empty.
   */
  async next(): Promise<RecordedEvent[]> {
    for (;;) {
      const isReady = this.#isLive || this.#failure !== undefined || this.#queuedEvents >= this.#limit;
      const events = isReady ? this.#dequeue() : [];
      if (events.length > 0) return events;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#fail(new Passing("the subscription was closed"));
    this.#call.cancel();
  }

  #dequeue(): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    let taken = 0;
    for (const { position, event } of this.#queue) {
      // A checkpoint behind events of this page counts when they are handled.
      if (event === undefined && events.length === 0) this.#handled = position;
      else if (event === undefined || events.length === this.#limit) break;
      else events.push(event);
      taken++;
    }
    this.#queue.splice(0, taken);
    this.#queuedEvents -= events.length;
    const last = events.at(-1);
    if (last !== undefined) this.#handled = last.position;
    if (this.#queuedEvents < this.#limit) this.#call.resume();
    return events;
  }

  #take(response: ReadResp): void {
    if (this.#failure !== undefined) return;
    this.#quiet.refresh();
    try {
      if (response.hasCaughtUp()) this.#isLive = true;
      const received = this.#toReceived(response);
      if (received !== undefined && received.position > this.#received) this.#enqueue(received);
      this.#wakeUp();
    } catch (error) {
      this.#fail(error);
    }
  }

  #enqueue(received: Received): void {
    this.#received = received.position;
    const isEvent = received.event !== undefined;
    if (isEvent) this.#queuedEvents++;
    else if (this.#queue.at(-1)?.event === undefined) this.#queue.pop();
    this.#queue.push(received);
    if (this.#queuedEvents >= 2 * this.#limit) this.#call.pause();
  }

  #toReceived(response: ReadResp): Received | undefined {
    const message = response.getEvent()?.getEvent();
    if (message !== undefined) {
      const event = toRecorded(message);
      const isWanted = event !== undefined && (this.#wanted === undefined || this.#wanted.has(event.slice));
      return { position: event?.position ?? positionOf(message), event: isWanted ? event : undefined };
    }
    const checkpoint = response.getCheckpoint();
    if (checkpoint === undefined) return undefined;
    const position = positionIfAny(checkpoint.getCommitPosition(), checkpoint.getPreparePosition());
    return position === undefined ? undefined : { position, event: undefined };
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason;
    clearTimeout(this.#quiet);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
