import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Options, type Parser, parse } from "csv-parse";
import { type Mapping, UsageError } from "./mapping.ts";

/** One row of the file, header included. */
export interface FileRow {
  /** Line of the file on which the row ends, from 1. */
  readonly line: number;
  /** Trimmed. Empty for a row that could not be taken apart. */
  readonly cells: readonly string[];
  /** The file ends inside a quoted cell. */
  readonly cutOff?: true;
}

/** Bytes read so far. */
export interface Meter {
  bytes: number;
}

/** Beyond this a cell is no cell but a quote that nobody closed. */
const MAX_ROW_CHARACTERS = 16 * 2 ** 20;

/** Reads the rows of a file as they are asked for; blank lines are none. Throws a `UsageError` when the file cannot be read on. */
export async function* readRows(path: string, { file }: Mapping, meter: Meter): AsyncGenerator<FileRow> {
  const text = () => decode(path, file.encoding, meter);
  try {
    yield* file.format === "delimited" ? delimitedRows(text(), file) : whitespaceRows(text());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || error instanceof UsageError) throw error;
    throw new UsageError("file_unreadable", `${path} cannot be read: ${(error as Error).message}`);
  }
}

/** A byte order mark is not part of the text; what is not valid becomes U+FFFD. */
async function* decode(path: string, encoding: string, meter: Meter): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of createReadStream(path)) {
    meter.bytes += (chunk as Buffer).length;
    yield decoder.decode(chunk as Buffer, { stream: true });
  }
  yield decoder.decode();
}

type Delimited = Extract<Mapping["file"], { readonly format: "delimited" }>;

async function* delimitedRows(
  text: AsyncIterable<string>,
  { delimiter, quote }: Delimited,
): AsyncGenerator<FileRow> {
  let extraLines = 0;
  const options: Options<FileRow, string[]> = {
    delimiter,
    quote,
    ltrim: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
    skip_records_with_error: true,
    on_record: (cells, { lines }) => {
      // The parser counts a Windows line end inside a quoted cell twice.
      extraLines += cells.reduce((count, cell) => count + (cell.split("\r\n").length - 1), 0);
      return { line: lines - extraLines, cells: cells.map((cell) => unquoted(cell.trim(), quote)) };
    },
    on_skip: (error) => {
      if (error?.code !== "CSV_QUOTE_NOT_CLOSED") throw error;
      parser.push({ line: parser.info.lines - extraLines, cells: [], cutOff: true } satisfies FileRow);
    },
  };
  // The declared types know of no records made by on_record.
  const parser: Parser = parse(options as unknown as Options);
  const piping = pipeline(text, parser);
  piping.catch(() => undefined); // the parser rejects with the same error
  yield* parser as AsyncIterable<FileRow>;
  await piping;
}

/** The parser leaves the quotes of a cell that white space follows. */
function unquoted(cell: string, quote: string | null): string {
  const isQuoted = quote !== null && cell.length > 1 && cell.startsWith(quote) && cell.endsWith(quote);
  return isQuoted ? cell.slice(1, -1).trim() : cell;
}

const LINE_END = /\r\n|\n|\r/;

async function* whitespaceRows(text: AsyncIterable<string>): AsyncGenerator<FileRow> {
  let rest = "";
  let line = 0;
  for await (const chunk of text) {
    // A Windows line end may be cut between two chunks.
    const whole = rest + chunk;
    const held = whole.endsWith("\r") ? "\r" : "";
    const lines = whole.slice(0, whole.length - held.length).split(LINE_END);
    rest = `${lines.pop()}${held}`;
    if (rest.length > MAX_ROW_CHARACTERS) throw new UsageError("file_unreadable", "a line has no end");
    for (const each of lines) yield* rowOf(each, ++line);
  }
  for (const each of rest.split(LINE_END)) yield* rowOf(each, ++line);
}

function* rowOf(text: string, line: number): Generator<FileRow> {
  const trimmed = text.trim();
  if (trimmed !== "") yield { line, cells: trimmed.split(/\s+/) };
}
