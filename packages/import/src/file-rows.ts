import { DelimitedRows } from "./delimited-rows.ts";
import { nameOf } from "./file-kind.ts";
import type { FileRow } from "./file-row.ts";
import type { Mapping } from "./mapping.ts";
import { linesOf } from "./physical-lines.ts";
import { type Meter, type Source, unpacked } from "./source.ts";
import { asUnreadable, unfit } from "./usage-error.ts";
import { workbookRows } from "./workbook.ts";

/**
 * Reads the rows of a source as they are asked for: every line of it is in exactly one of them. Throws a `UsageError`
 * when it cannot be read, or not to its end.
 */
export async function* readRows(source: Source, mapping: Mapping, meter: Meter): AsyncGenerator<FileRow> {
  const { file } = mapping;
  const encoding = file.format === "xlsx" ? "utf-8" : file.encoding;
  try {
    const { kind, bytes } = await unpacked(source, encoding, meter);
    if (file.format === "xlsx") {
      if (kind.is !== "workbook") throw unfit(source, `is no Excel file (.xlsx): it is ${nameOf(kind)}`);
      yield* workbookRows(bytes, source, { sheet: file.sheet, point: mapping.amount.point });
      return;
    }
    if (kind.is === "workbook") {
      throw unfit(source, 'is an Excel file: say "format": "xlsx" in the mapping, or save it as CSV');
    }
    if (kind.is !== "text") throw unfit(source, `is no text that could be read: it is ${nameOf(kind)}`);
    const text = decoded(bytes, encoding);
    yield* file.format === "delimited" ? delimitedRows(text, file) : whitespaceRows(text);
  } catch (error) {
    throw asUnreadable(source, error);
  }
}

/** A byte order mark is not part of the text; what is not valid becomes U+FFFD. */
async function* decoded(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

type Delimited = Extract<Mapping["file"], { readonly format: "delimited" }>;

async function* delimitedRows(text: AsyncIterable<string>, dialect: Delimited): AsyncGenerator<FileRow> {
  const rows = new DelimitedRows(dialect);
  let number = 0;
  for await (const lines of linesOf(text)) {
    for (const line of lines) {
      const row = rows.push(line, ++number);
      if (row !== undefined) yield row;
    }
  }
  const last = rows.end();
  if (last !== undefined) yield last;
}

async function* whitespaceRows(text: AsyncIterable<string>): AsyncGenerator<FileRow> {
  let number = 0;
  for await (const lines of linesOf(text)) {
    for (const line of lines) {
      const trimmed = line.text.trim();
      yield { line: ++number, lines: 1, cells: trimmed === "" ? [] : trimmed.split(/\s+/) };
    }
  }
}
