import type { FileRow } from "./file-row.ts";
import { type Line, MAX_LINE } from "./physical-lines.ts";

export interface Dialect {
  /** One character. */
  readonly delimiter: string;
  /** One character, or null where none is special. */
  readonly quote: string | null;
}

/** A row whose end has not been read. */
interface OpenRow {
  readonly line: number;
  lines: number;
  readonly cells: string[];
  /** Of the quoted cell that the last line left open. */
  open: string | undefined;
  /** Delimiters on each line, also those in a cell that goes over a line's end. */
  readonly delimiters: number[];
  characters: number;
  /** A quote stood in the middle of a cell that had gone over a line's end. */
  stray: boolean;
}

/**
 * Puts the lines of a delimited file together to rows (RFC 4180, and what people write instead): a cell between quotes
 * may hold delimiters, doubled quotes and line ends; a quote elsewhere is text. No line is lost, whatever is wrong
 * with its quotes: it is in a row, or in one that says what is wrong.
 */
export class DelimitedRows {
  readonly #delimiter: string;
  readonly #quote: string | null;
  #row: OpenRow | undefined;

  constructor({ delimiter, quote }: Dialect) {
    this.#delimiter = delimiter;
    this.#quote = quote;
  }

  /** The row that the line ends, if it ends one. */
  push({ text, end }: Line, line: number): FileRow | undefined {
    const row = this.#row ?? opened(line);
    row.lines += 1;
    if (row.open === undefined && (this.#quote === null || !text.includes(this.#quote))) {
      return { line, lines: 1, cells: this.#plain(text) };
    }
    row.characters += text.length;
    this.#scan(row, text);
    if (row.open === undefined) {
      this.#row = undefined;
      return finished(row);
    }
    // Of a row that is too long only its end is of interest.
    row.open = row.characters > MAX_LINE ? "" : row.open + end;
    this.#row = row;
    return undefined;
  }

  /** The row in which the file ends, if it ends inside one. */
  end(): FileRow | undefined {
    const row = this.#row;
    this.#row = undefined;
    if (row === undefined) return undefined;
    const fault = {
      reason: "quote_not_closed",
      detail: `the quote of line ${row.line} is never closed`,
    } as const;
    return { line: row.line, lines: row.lines, cells: [], fault };
  }

  #plain(text: string): string[] {
    if (text.trim() === "" && !text.includes(this.#delimiter)) return [];
    return text.split(this.#delimiter).map((cell) => cell.trim());
  }

  /** Reads a line on from where the row stands. */
  #scan(row: OpenRow, text: string): void {
    const cellsBefore = row.cells.length;
    let spanning = 0;
    let at = 0;
    if (row.open !== undefined) {
      const close = this.#closing(text, 0);
      spanning += this.#delimitersIn(text.slice(0, close.at));
      at = this.#endQuoted(row, text, { from: 0, openedAt: undefined, close });
    }
    while (at <= text.length && row.open === undefined) {
      const start = this.#afterBlanks(text, at);
      if (text[start] === this.#quote) {
        row.open = "";
        const close = this.#closing(text, start + 1);
        if (close.kind === "none") spanning += this.#delimitersIn(text.slice(start));
        at = this.#endQuoted(row, text, { from: start + 1, openedAt: start, close });
      } else {
        const end = this.#nextDelimiter(text, at);
        row.cells.push(text.slice(at, end).trim());
        at = end + 1;
      }
    }
    const between = row.cells.length - cellsBefore - (row.open === undefined ? 1 : 0);
    row.delimiters.push(between + spanning);
  }

  /** Adds what stands up to the closing quote, or up to the line's end; returns where the next cell begins. */
  #endQuoted(
    row: OpenRow,
    text: string,
    { from, openedAt, close }: { from: number; openedAt: number | undefined; close: Closing },
  ): number {
    const content = row.open + this.#undoubled(text.slice(from, close.at));
    if (close.kind === "none") {
      row.open = content;
      return text.length + 1;
    }
    row.open = undefined;
    const end = this.#nextDelimiter(text, close.at + 1);
    if (close.kind === "closing") {
      row.cells.push(content.trim());
    } else {
      // The quote did not open a quoted cell after all: it is text.
      row.stray ||= openedAt === undefined;
      row.cells.push(text.slice(openedAt ?? 0, end).trim());
    }
    return end + 1;
  }

  /** Where quoted text ends: at a quote that is not doubled; a cell must end there too. */
  #closing(text: string, from: number): Closing {
    const quote = this.#quote as string;
    for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 2)) {
      if (text[at + 1] === quote) continue;
      const after = this.#afterBlanks(text, at + 1);
      return { kind: after === text.length || text[after] === this.#delimiter ? "closing" : "inner", at };
    }
    return { kind: "none", at: text.length };
  }

  #undoubled(text: string): string {
    const quote = this.#quote as string;
    return text.replaceAll(quote + quote, quote);
  }

  #nextDelimiter(text: string, from: number): number {
    const at = text.indexOf(this.#delimiter, from);
    return at === -1 ? text.length : at;
  }

  #afterBlanks(text: string, from: number): number {
    let at = from;
    while (at < text.length && text[at] !== this.#delimiter && (text[at] as string).trim() === "") at += 1;
    return at;
  }

  #delimitersIn(text: string): number {
    return text.split(this.#delimiter).length - 1;
  }
}

interface Closing {
  readonly kind: "none" | "closing" | "inner";
  readonly at: number;
}

function opened(line: number): OpenRow {
  return { line, lines: 0, cells: [], open: undefined, delimiters: [], characters: 0, stray: false };
}

function finished({ line, lines, cells, delimiters, characters, stray }: OpenRow): FileRow {
  const row = { line, lines, cells };
  if (lines === 1) return row;
  if (stray) {
    const detail = `a quote in the middle of a cell that begins in line ${line}`;
    return { ...row, fault: { reason: "stray_quote", detail } };
  }
  if (characters > MAX_LINE) {
    const detail = `the quoted cell that begins in line ${line} is longer than ${MAX_LINE} characters`;
    return { ...row, fault: { reason: "stray_quote", detail } };
  }
  return { ...row, delimiters };
}
