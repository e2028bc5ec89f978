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
  /** How many events of the stream are known. */
  #known = 0;

  constructor(connection: Connection, appender: Appender, timing: Timing, spacing: number) {
    this.#connection = connection;
    this.#appender = appender;
    this.#timing = timing;
    this.#spacing = spacing;
  }

  async positionAt(instant: number): Promise<Position> {
    await this.#readMarks();
    let mark = BEGINNING;
    for (;;) {
      const { last, isPassed, count } = await this.#scan(this.#newerOf(mark, instant), instant);
      if (isPassed || count < this.#spacing) return last.position;
      mark = last;
      await this.#save(mark);
    }
  }

  /** Others may have marked the log further on meanwhile. */
  #newerOf(mark: Mark, instant: number): Mark {
    const known = this.#marks.findLast(({ runningMaximum }) => runningMaximum <= instant) ?? BEGINNING;
    return known.position > mark.position ? known : mark;
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

  /** What is read at the same time by others of this process is known then, and is not counted twice. */
  async #readMarks(): Promise<void> {
    const request = streamRequest({ stream: STREAM, from: this.#known, count: undefined });
    const messages = await collect(this.#connection, request, this.#timing.silence);
    for (const message of messages)
      this.#add(Number(message.getStreamRevision()) + 1, JSON.parse(textOf(message.getData_asU8())) as Mark);
  }

  /** Several writers mark the same positions; only a mark beyond the last says anything. */
  #add(revision: number, mark: Mark): void {
    this.#known = Math.max(this.#known, revision);
    if (this.#isNew(mark)) this.#marks.push(mark);
  }

  #isNew({ position }: Mark): boolean {
    return position > (this.#marks.at(-1) ?? BEGINNING).position;
  }

  /** Where another has been first its marks are read, and this one is kept behind them. One that cannot be kept is found again. */
  async #save(mark: Mark): Promise<void> {
    const data = bytesOf(JSON.stringify(mark));
    while (this.#isNew(mark)) {
      const event = { id: randomUUID(), type: "PositionMarked", data, metadata: bytesOf("{}") };
      const known = this.#known;
      try {
        const request = { stream: STREAM, expectedRevision: known, events: [event] };
        const { stored } = await this.#appender.attempt(request);
        if (stored) this.#add(known + 1, mark);
        else await this.#readMarks();
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        return;
      }
      // Nobody was first, and it is refused all the same.
      if (this.#known === known) return;
    }
  }
}
