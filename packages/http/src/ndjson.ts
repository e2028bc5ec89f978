import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Visit } from "./admission.ts";
import { ApiError } from "./api-error.ts";
import type { StreamedBody } from "./incoming.ts";
import type { BulkLimits } from "./limits.ts";
import { type Line, LineSplitter } from "./line-splitter.ts";
import type { LineTurns } from "./line-turns.ts";

/**
 * What a bulk request may take of memory for what it sends, and does not always take: as much is kept for it from the beginning, so
 * that as many of them as there are go on.
 */
export const BULK_BYTES = 128 * 1024;
/** How long an answer waits for others of its request, while there are such to wait for. */
const GATHER_MS = 5;
/** About what a line takes beside its bytes: the value that it says, whoever waits for it, its answer. */
const LINE_BYTES = 1_024;

export interface Bulk {
  readonly body: StreamedBody;
  readonly response: ServerResponse;
  readonly visit: Visit;
  readonly turns: LineTurns;
  readonly limits: BulkLimits;
  /** Never rejects. */
  readonly answer: (line: Line) => Promise<string>;
}

/** Answers each line of a request with one line, in input order, taking in no more than the limits allow. */
export class BulkAnswers {
  readonly #bulk: Bulk;
  /** In the order of their questions; undefined while its answer is awaited. */
  readonly #texts: (string | undefined)[] = [];
  readonly #sizes: number[] = [];
  /** Of the lines in flight. */
  #bytes = 0;
  #written = 0;
  #added = 0;
  /** Of the lines in flight. */
  #unanswered = 0;
  #scheduled = false;
  #gathering: NodeJS.Timeout | undefined;
  #progress = Promise.withResolvers<void>();

  constructor(bulk: Bulk) {
    this.#bulk = bulk;
    bulk.response.once("close", () => {
      this.#progress.resolve();
      bulk.turns.giveUp(bulk.visit);
    });
  }

  /**
   * Resolves with how many there were. Rejects with `incomplete_body` if the request breaks off, and `request_timeout` if a line
   * does not end; lines taken in by then have been acted upon.
   */
  async run(): Promise<number> {
    const { body, limits } = this.#bulk;
    const splitter = new LineSplitter(limits.maxLineBytes);
    for (;;) {
      const chunk = await body.next(splitter.isWithinLine);
      if (chunk === undefined) break;
      for (const line of splitter.split(chunk)) {
        const waiting = this.#take(line);
        if (waiting !== undefined) await waiting;
      }
    }
    const last = splitter.last();
    if (last !== undefined) await this.#take(last);
    while (this.#texts.length > 0 && !this.#bulk.response.destroyed) await this.#next();
    return this.#added;
  }

  /** Has it counted what it keeps. */
  settle(): void {
    const { body, response, visit } = this.#bulk;
    visit.keep(Math.max(BULK_BYTES, body.kept + this.#bytes + response.writableLength));
  }

  /** Undefined where there was room for it, and it was its turn, at once. */
  #take(line: Line): Promise<void> | undefined {
    if (this.#isFull) return this.#takeLater(line);
    const turn = this.#turn();
    if (turn !== true) return turn.then((isGranted) => this.#add(line, isGranted));
    this.#add(line, true);
    return undefined;
  }

  async #takeLater(line: Line): Promise<void> {
    await this.#room();
    this.#add(line, await this.#turn());
  }

  /** Nobody takes back the turn of a request whose caller has left already. */
  #turn(): Promise<boolean> | true {
    const { turns, visit, response } = this.#bulk;
    if (response.destroyed) throw callerLeft();
    return turns.begin(visit);
  }

  #add(line: Line, isGranted: boolean): void {
    const { turns, visit, response, answer } = this.#bulk;
    if (response.destroyed || !isGranted) {
      if (isGranted) turns.end(visit);
      throw callerLeft();
    }
    const ordinal = this.#added++;
    const size = LINE_BYTES + (line.bytes?.length ?? 0);
    this.#texts.push(undefined);
    this.#sizes.push(size);
    this.#bytes += size;
    this.settle();
    this.#unanswered++;
    void answer(line).then((text) => {
      turns.end(visit);
      this.#texts[ordinal - this.#written] = text;
      this.#unanswered--;
      this.#schedule();
    });
  }

  /** Answers that come together go together, and so do those between which others are awaited that may be soon there. */
  #schedule(): void {
    if (this.#scheduled) return;
    if (this.#unanswered === 0 || this.#isFull) {
      this.#scheduled = true;
      setImmediate(() => this.#write());
    } else this.#gathering ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  get #isFull(): boolean {
    return this.#texts.length >= this.#bulk.limits.maxLinesInFlight || this.#isClogged;
  }

  get #isClogged(): boolean {
    return this.#bulk.response.writableLength > this.#bulk.limits.maxAnswerBytes;
  }

  async #room(): Promise<void> {
    const { response } = this.#bulk;
    while (this.#isFull) {
      if (response.destroyed) throw callerLeft();
      if (this.#isClogged) await drained(response);
      else await this.#next();
    }
  }

  async #next(): Promise<void> {
    await this.#progress.promise;
    this.#progress = Promise.withResolvers();
  }

  #write(): void {
    this.#scheduled = false;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const waiting = this.#texts.indexOf(undefined);
    const ready = this.#texts.splice(0, waiting === -1 ? this.#texts.length : waiting);
    for (const size of this.#sizes.splice(0, ready.length)) this.#bytes -= size;
    this.#written += ready.length;
    if (ready.length > 0) this.#bulk.response.write(ready.join(""));
    this.settle();
    this.#progress.resolve();
  }
}

function callerLeft(): ApiError {
  return new ApiError("incomplete_body", { detail: "The caller went away." });
}

/** Resolves when what is buffered was sent, or never will be. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([
      once(response, "drain", { signal: over.signal }),
      once(response, "close", { signal: over.signal }),
    ]);
  } finally {
    over.abort();
  }
}
