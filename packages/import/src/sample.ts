import { DelimitedRows } from "./delimited-rows.ts";
import { nameOf } from "./file-kind.ts";
import type { Mapping } from "./mapping.ts";
import { linesOf } from "./physical-lines.ts";
import { type Source, unpacked } from "./source.ts";
import { asUnreadable, UsageError, unfit } from "./usage-error.ts";
import { workbookRows } from "./workbook.ts";

/** The beginning of a file, and how it seems to be written. */
export interface Sample {
  readonly file: Pick<Mapping["file"], "format"> & {
    readonly delimiter?: string;
    /** Guessed, where the text is no UTF-8. */
    readonly encoding?: string;
  };
  readonly header: readonly string[];
  /** Rows of the table, as wide as the header. */
  readonly rows: readonly (readonly string[])[];
  /** Rows after the header that are not as wide, or begin with another word than the others. */
  readonly odd: readonly (readonly string[])[];
}

const SAMPLE_BYTES = 2 ** 18;
const SAMPLE_ROWS = 500;
const DELIMITERS = [",", ";", "\t", "|"];

/** Reads the beginning of a source. Rejects with a `UsageError` if there is no table to be seen. */
export async function readSample(source: Source): Promise<Sample> {
  try {
    return await sampled(source);
  } catch (error) {
    throw asUnreadable(source, error);
  }
}

async function sampled(source: Source): Promise<Sample> {
  const { kind, bytes } = await unpacked(source, "utf-8", { bytes: 0 });
  if (kind.is === "workbook") {
    const rows: (readonly string[])[] = [];
    for await (const { cells } of workbookRows(bytes, source, { sheet: undefined, point: "." })) {
      if (cells.length > 0) rows.push(cells);
      if (rows.length >= SAMPLE_ROWS) break;
    }
    const width = commonWidth(rows);
    return sampleOf(
      source,
      { format: "xlsx" },
      rows.map((cells) => padded(cells, width)),
    );
  }
  const marked = kind.is === "other" ? kind.encoding : undefined;
  if (kind.is !== "text" && marked === undefined) {
    throw unfit(source, `is no text that could be read: it is ${nameOf(kind)}`);
  }
  const head = await firstBytes(bytes);
  const encoding = marked ?? encodingOf(head);
  const text = new TextDecoder(encoding).decode(head, { stream: true });
  const written = encoding === "utf-8" ? {} : { encoding };
  const [delimiter, rows] = await delimitedAs(text);
  if (delimiter === undefined) {
    const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
    const words = lines.flatMap((line) => (line === "" ? [] : [line.split(/\s+/)]));
    return sampleOf(source, { format: "whitespace", ...written }, words);
  }
  const named = delimiter === "," ? {} : { delimiter };
  return sampleOf(source, { format: "delimited", ...named, ...written }, rows);
}

async function firstBytes(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= SAMPLE_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** UTF-8 if it is valid; else what machines wrote before: Thai words are runs of high bytes, western ones have single accents. */
function encodingOf(head: Buffer): string {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    const isThai = (byte: number | undefined) => byte !== undefined && byte >= 0xa1 && byte <= 0xfb;
    const high = [...head.keys()].filter((at) => (head[at] as number) >= 0x80);
    const inRuns = high.filter((at) => isThai(head[at]) && (isThai(head[at - 1]) || isThai(head[at + 1])));
    return inRuns.length > high.length / 2 ? "windows-874" : "windows-1252";
  }
}

type Rows = (readonly string[])[];

/** The delimiter by which most rows are of one width, and those rows; none where there is one column by any. */
async function delimitedAs(text: string): Promise<[delimiter: string | undefined, rows: Rows]> {
  let best: [delimiter: string | undefined, rows: Rows, fitting: number] = [undefined, [], 0];
  for (const delimiter of DELIMITERS) {
    const rows: Rows = [];
    const reader = new DelimitedRows({ delimiter, quote: '"' });
    let number = 0;
    for await (const lines of linesOf(piecesOf(text))) {
      for (const line of lines) rows.push(reader.push(line, ++number)?.cells ?? []);
    }
    const width = commonWidth(rows);
    const fitting = rows.filter(({ length }) => length === width).length;
    if (width > 1 && fitting > best[2]) best = [delimiter, rows.filter(({ length }) => length > 0), fitting];
  }
  return [best[0], best[1].slice(0, SAMPLE_ROWS)];
}

async function* piecesOf(text: string): AsyncGenerator<string> {
  yield text;
}

function commonWidth(rows: Rows): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || b - a)[0]?.[0] ?? 0;
}

function padded(cells: readonly string[], width: number): readonly string[] {
  return cells.length >= width ? cells : [...cells, ...Array<string>(width - cells.length).fill("")];
}

/** The header is the first row as wide as most that has a word in each cell. */
function sampleOf({ name }: Source, file: Sample["file"], rows: Rows): Sample {
  const width = commonWidth(rows);
  const at = rows.findIndex((cells) => cells.length === width && cells.every((cell) => /\p{L}/u.test(cell)));
  if (at === -1) {
    throw new UsageError(
      "mapping_missing",
      `${name} has no header that could be seen: write its mapping by hand`,
    );
  }
  const below = rows.slice(at + 1).filter((cells) => cells.some((cell) => cell !== ""));
  const isOdd = (cells: readonly string[]) => cells.length !== width || TOTAL.test(cells.find(Boolean) ?? "");
  return {
    file,
    header: rows[at] as readonly string[],
    rows: below.filter((cells) => !isOdd(cells)),
    odd: below.filter(isOdd),
  };
}

/** How lines of totals begin. */
const TOTAL = /^(grand total|sub-?total|total|sum|ยอดรวม|รวม)/i;

/** The words with which rows begin that seem to be totals. */
export function totalsOf({ odd }: Sample): string[] {
  const words = odd.map((cells) => TOTAL.exec(cells.find(Boolean) ?? "")?.[0]);
  return [...new Set(words.filter((word) => word !== undefined))];
}
