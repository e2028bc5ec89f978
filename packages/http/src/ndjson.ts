import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "./api-error.ts";

const NEWLINE = 0x0a;
const BLANKS: ReadonlySet<number | undefined> = new Set(Buffer.from(" \t\r"));

/** One line of a request: its bytes, or undefined if it was too long to keep. */
export interface Line {
  /** From 1; blank lines count. */
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/**
 * Splits a stream of bytes into lines, skipping blank ones; of a line over the limit only its number is kept.
 */
async function* splitLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let kept: Buffer[] = [];
  let length = 0;
  const finish = (last: Buffer): Line | undefined => {
    number += 1;
    const tooLong = length + last.length > maxBytes;
    const bytes = tooLong ? undefined : trim(kept.length === 0 ? last : Buffer.concat([...kept, last]));
    kept = [];
    length = 0;
    return bytes?.length === 0 ? undefined : { number, bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = finish(chunk.subarray(from, at));
      from = at + 1;
      if (line !== undefined) yield line;
    }
    length += chunk.length - from;
    if (length > maxBytes) kept = [];
    else if (from < chunk.length) kept.push(chunk.subarray(from));
  }
  const rest = length > 0 ? finish(Buffer.alloc(0)) : undefined;
  if (rest !== undefined) yield rest;
}

/** Without the blanks at its end, and the carriage return of those who end lines with both. */
function trim(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && BLANKS.has(bytes[end - 1])) end--;
  return bytes.subarray(0, end);
}

export interface BulkLimits {
  readonly maxLineBytes: number;
  /** Lines taken in and not yet answered. */
  readonly maxLinesInFlight: number;
  /** Answers kept for a caller who does not read while sending; beyond it no more lines are taken in. */
  readonly maxAnswerBytes: number;
}

/**
 * Answers each line of the request with one line, in input order, taking in no more than the limits allow.
 * `answer` never rejects. Rejects with `incomplete_body` if the request breaks off; lines taken in by then
 * have been acted upon.
 */
export async function answerLines(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BulkLimits,
  answer: (line: Line) => Promise<string>,
): Promise<number> {
  const answers = new OrderedAnswers(response, limits);
  let count = 0;
  try {
    for await (const line of splitLines(request, limits.maxLineBytes)) {
      count += 1;
      answers.add(answer(line));
      if (answers.full) await answers.room();
    }
  } catch (cause) {
    throw cause instanceof ApiError ? cause : new ApiError("incomplete_body", { cause });
  }
  await answers.finished();
  return count;
}

/** Writes answers in the order of their questions, several at a time where several are ready. */
class OrderedAnswers {
  readonly #response: ServerResponse;
  readonly #limits: BulkLimits;
  /** Undefined while its answer is awaited. */
  readonly #texts: (string | undefined)[] = [];
  #written = 0;
  #added = 0;
  #scheduled = false;
  #progress = Promise.withResolvers<void>();

  constructor(response: ServerResponse, limits: BulkLimits) {
    this.#response = response;
    this.#limits = limits;
    response.once("close", () => this.#progress.resolve());
  }

  add(answer: Promise<string>): void {
    const ordinal = this.#added++;
    this.#texts.push(undefined);
    void answer.then((text) => {
      this.#texts[ordinal - this.#written] = text;
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#write()); // answers of one group commit come together
    });
  }

  get full(): boolean {
    return this.#texts.length >= this.#limits.maxLinesInFlight || this.#clogged;
  }

  get #clogged(): boolean {
    return this.#response.writableLength > this.#limits.maxAnswerBytes;
  }

  async room(): Promise<void> {
    while (this.full) {
      if (this.#response.destroyed)
        throw new ApiError("incomplete_body", { detail: "The caller went away." });
      if (this.#clogged) await drained(this.#response);
      else await this.#next();
    }
  }

  async finished(): Promise<void> {
    while (this.#texts.length > 0 && !this.#response.destroyed) await this.#next();
  }

  async #next(): Promise<void> {
    await this.#progress.promise;
    this.#progress = Promise.withResolvers();
  }

  #write(): void {
    this.#scheduled = false;
    const waiting = this.#texts.indexOf(undefined);
    const ready = this.#texts.splice(0, waiting === -1 ? this.#texts.length : waiting);
    this.#written += ready.length;
    if (ready.length > 0) this.#response.write(ready.join(""));
    this.#progress.resolve();
  }
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
