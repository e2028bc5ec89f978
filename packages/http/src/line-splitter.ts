import { MergedBytes } from "./merged-bytes.ts";

const NEWLINE = 0x0a;
const BLANKS: ReadonlySet<number | undefined> = new Set(Buffer.from(" \t\r"));
const NOTHING = Buffer.alloc(0);

/** One line of a request: its bytes, or undefined if it was too long to keep. */
export interface Line {
  /** From 1; blank lines count. */
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/** Splits bytes into lines, skipping blank ones; of a line over the limit only its number is kept. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** The beginning of a line. */
  readonly #begun = new MergedBytes();
  #length = 0;
  #number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the rest of a line is to come. */
  get isWithinLine(): boolean {
    return this.#length > 0;
  }

  /** The lines that end in what came next. To be read to their end. */
  *split(chunk: Buffer): Generator<Line, void, undefined> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = this.#finish(chunk.subarray(from, at));
      from = at + 1;
      if (line !== undefined) yield line;
    }
    if (from === chunk.length) return;
    this.#length += chunk.length - from;
    if (this.#length > this.#maxBytes) this.#begun.take();
    // A copy: the whole of what came would be kept for it.
    else this.#begun.append(from === 0 ? chunk : Buffer.from(chunk.subarray(from)));
  }

  /** The last, where it was not ended. */
  last(): Line | undefined {
    return this.#length > 0 ? this.#finish(NOTHING) : undefined;
  }

  #finish(rest: Buffer): Line | undefined {
    this.#number += 1;
    const isTooLong = this.#length + rest.length > this.#maxBytes;
    if (this.#length > 0 && rest.length > 0 && !isTooLong) this.#begun.append(rest);
    const whole = this.#length > 0 ? this.#begun.take() : rest;
    this.#length = 0;
    const bytes = isTooLong ? undefined : trim(whole);
    return bytes?.length === 0 ? undefined : { number: this.#number, bytes };
  }
}

/** Without the blanks at its end, and the carriage return of those who end lines with both. */
function trim(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && BLANKS.has(bytes[end - 1])) end--;
  return bytes.subarray(0, end);
}
