import { randomUUID } from "node:crypto";
import { type Position, START } from "@taem/event-store";
import type { Appender } from "./appender.ts";
import type { Connection } from "./connection.ts";
import { bytesOf, textOf } from "./event-messages.ts";
import { Passing } from "./failures.ts";
import { scanLog } from "./log-reader.ts";
import { collect, streamRequest } from "./read-calls.ts";
import type { Timing } from "./timing.ts";

/** Up to this position no event was recorded later than that. */
interface Mark {
  readonly position: Position;
  /** Milliseconds since the epoch. */
  readonly runningMaximum: number;
}

/** Outside the prefix of the log. Losing it costs the time to read the log once. */
const STREAM = "taem-position-marks";
const BEGINNING: Mark = { position: START, runningMaximum: Number.NEGATIVE_INFINITY };

/**
 * Finds the position of an instant. The log cannot be halved by time, because the server's clock may have gone back and
 * positions are no ordinals: so it is marked once each so many events, and read from the last mark before the instant.
 */
export class PositionMarks {
  readonly #connection: Connection;
  readonly #appender: Appender;
  readonly #timing: Timing;
  readonly #spacing: number;
  readonly #marks: Mark[] = [];
  #read = 0;

  constructor(connection: Connection, appender: Appender, timing: Timing, spacing: number) {
    this.#connection = connection;
    this.#appender = appender;
    this.#timing = timing;
    this.#spacing = spacing;
  }

  async positionAt(instant: number): Promise<Position> {
    await this.#readMarks();
    let mark = this.#marks.findLast(({ runningMaximum }) => runningMaximum <= instant) ?? BEGINNING;
    for (;;) {
      const { last, isPassed, count } = await this.#scan(mark, instant);
      if (isPassed || count < this.#spacing) return last.position;
      mark = last;
      await this.#save(mark);
    }
  }

  /** Up to `spacing` events from a mark on, none of them later than the instant. */
  async #scan(
    mark: Mark,
    instant: number,
  ): Promise<{ readonly last: Mark; readonly isPassed: boolean; readonly count: number }> {
    let { position, runningMaximum } = mark;
    let isPassed = false;
    let count = 0;
    await scanLog(this.#connection, this.#timing.silence, mark.position, this.#spacing, (event) => {
      isPassed = event.recordedAt > instant;
      if (isPassed) return false;
      position = event.position;
      runningMaximum = Math.max(runningMaximum, event.recordedAt);
      return ++count < this.#spacing;
    });
    return { last: { position, runningMaximum }, isPassed, count };
  }

  async #readMarks(): Promise<void> {
    const request = streamRequest({ stream: STREAM, from: this.#read, count: undefined });
    const messages = await collect(this.#connection, request, this.#timing.silence);
    for (const message of messages) {
      this.#read++;
      this.#add(JSON.parse(textOf(message.getData_asU8())) as Mark);
    }
  }

  /** Several writers mark the same positions; only a mark beyond the last says anything. */
  #add(mark: Mark): void {
    if (mark.position > (this.#marks.at(-1) ?? BEGINNING).position) this.#marks.push(mark);
  }

  /** A mark that cannot be kept is found again the next time. */
  async #save(mark: Mark): Promise<void> {
    if (mark.position <= (this.#marks.at(-1) ?? BEGINNING).position) return;
    const event = {
      id: randomUUID(),
      type: "PositionMarked",
      data: bytesOf(JSON.stringify(mark)),
      metadata: bytesOf("{}"),
    };
    try {
      const request = { stream: STREAM, expectedRevision: this.#read, events: [event] };
      const { stored } = await this.#appender.attempt(request);
      if (!stored) return;
      this.#read++;
      this.#add(mark);
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
    }
  }
}
