import { HucreError } from "hucre";
import { streamXlsxRows } from "hucre/xlsx";
import { fromBufferPromise } from "yauzl";
import type { FileRow } from "./file-row.ts";
import { type Source, tooLarge } from "./source.ts";
import { UsageError } from "./usage-error.ts";

export interface WorkbookOptions {
  /** Name or position, from 1; the first unless told. */
  readonly sheet: string | number | undefined;
  /** What stands before the decimals of numbers, as in the mapping's amounts. */
  readonly point: "." | ",";
}

export interface WorkbookLimits {
  /** Bytes of the file, which is held in memory. */
  readonly packed: number;
  /** Bytes of what is in it, unpacked as it is read. */
  readonly unpacked: number;
  /** Bytes of its texts, which are held in memory. */
  readonly texts: number;
}

const WORKBOOK_LIMITS: WorkbookLimits = {
  packed: 128 * 2 ** 20,
  unpacked: 2 ** 30,
  texts: 128 * 2 ** 20,
};

type Cell = string | number | boolean | Date | null | undefined;

/** Reads the rows of a sheet. A row that the sheet leaves out is blank. Throws a `UsageError` if it cannot be read. */
export async function* workbookRows(
  bytes: AsyncIterable<Uint8Array>,
  source: Source,
  { sheet, point }: WorkbookOptions,
  limits = WORKBOOK_LIMITS,
): AsyncGenerator<FileRow> {
  const file = await collected(bytes, source, limits.packed);
  try {
    await checkSizes(file, source, limits);
    const chosen = typeof sheet === "number" ? sheet - 1 : sheet;
    let line = 0;
    for await (const row of streamXlsxRows(file, chosen === undefined ? {} : { sheet: chosen })) {
      if (row.index > line) yield { line: line + 1, lines: row.index - line, cells: [] };
      line = row.index + 1;
      yield { line, lines: 1, cells: withoutEmptyEnd(row.values.map((cell) => textOf(cell as Cell, point))) };
    }
    if (line === 0) throw new UsageError("file_unreadable", `${source.name} ${noRows(sheet)}`);
  } catch (error) {
    if (!(error instanceof HucreError) && !(error instanceof RangeError)) throw error;
    throw new UsageError("file_unreadable", `${source.name} is a damaged Excel file: ${error.message}`);
  }
}

function noRows(sheet: string | number | undefined): string {
  return sheet === undefined ? "has an empty first sheet" : `has no sheet ${sheet}, or nothing stands in it`;
}

async function collected(bytes: AsyncIterable<Uint8Array>, { name }: Source, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) {
      const size = `${Math.floor(most / 2 ** 20)} MiB`;
      throw new UsageError("file_too_large", `${name} is an Excel file of more than ${size}: save it as CSV`);
    }
  }
  return Buffer.concat(chunks);
}

/**
 * Unpacks everything once, keeping nothing: what a small file claims to unpack to may be a lie, and the reader of the
 * sheet would have it in memory before it knew.
 */
async function checkSizes(file: Buffer, { name }: Source, limits: WorkbookLimits): Promise<void> {
  let unpacked = 0;
  try {
    const zip = await fromBufferPromise(file, { lazyEntries: true });
    for await (const entry of zip.eachEntry()) {
      let size = 0;
      for await (const chunk of await zip.openReadStreamPromise(entry)) {
        size += (chunk as Uint8Array).length;
        unpacked += (chunk as Uint8Array).length;
        const isText = /sharedStrings\.xml$/i.test(entry.fileName);
        if (isText && size > limits.texts) throw tooLarge(`the text of ${name}`, limits.texts);
        if (unpacked > limits.unpacked) throw tooLarge(name, limits.unpacked);
      }
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError("file_unreadable", `${name} is a damaged Excel file: ${(error as Error).message}`);
  }
}

function withoutEmptyEnd(cells: readonly string[]): readonly string[] {
  return cells.slice(0, cells.findLastIndex((cell) => cell !== "") + 1);
}

/** Digits that a number has in a workbook; what comes after them is an artefact of its binary form. */
const DIGITS = 15;

/** A cell as text: a date as `2026-03-01`, `2026-03-01 10:15:00` or `10:15:00`. */
function textOf(cell: Cell, point: "." | ","): string {
  if (cell === null || cell === undefined) return "";
  if (cell instanceof Date) return dateText(cell);
  return typeof cell === "number" ? numberText(cell, point) : String(cell).trim();
}

/** With more digits than a workbook keeps, in its own notation of such: it is an id that has lost its last digits. */
function numberText(value: number, point: "." | ","): string {
  if (Math.abs(value) >= 10 ** DIGITS) return value.toExponential().toUpperCase();
  const kept = String(Number(value.toPrecision(DIGITS)));
  const plain = kept.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : kept;
  return plain.replace(".", point);
}

/** Before this, a date of a workbook is a time of day. */
const FIRST_DAY = Date.UTC(1900, 0, 1);

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return "";
  const [day = "", time = ""] = date.toISOString().slice(0, -1).split("T");
  const clock = time.replace(/\.000$/, "");
  if (date.getTime() < FIRST_DAY) return clock;
  return clock === "00:00:00" ? day : `${day} ${clock}`;
}
