import { type CellOf, columnReader, isHeader } from "./columns.ts";
import type { FileRow } from "./file-row.ts";
import { columnsOf, type Mapping } from "./mapping.ts";
import type { IgnoreReason } from "./reject-reasons.ts";
import { plainBlanks } from "./text.ts";
import { UsageError } from "./usage-error.ts";

/** A row of the table in a file. What the file's order decides is decided: it may be read in any order. */
export interface TableRow extends FileRow {
  readonly ignored?: IgnoreReason;
}

export interface Table {
  /** Names of the columns; of a file without a header its first row, for the number of columns. */
  readonly header: readonly string[];
  /** All rows of the file, those around the table among them, in the file's order. */
  readonly rows: AsyncGenerator<TableRow>;
}

/** Rows among which the header is sought. */
const MAX_ABOVE = 200;

/**
 * Finds the table in a file: its header is the first row that has every column that the mapping names. Throws a
 * `UsageError` if there is none.
 */
export async function openTable(
  rows: AsyncGenerator<FileRow>,
  mapping: Mapping,
  name: string,
): Promise<Table> {
  const above: FileRow[] = [];
  for (
    let next = await rows.next();
    next.done !== true && above.length < MAX_ABOVE;
    next = await rows.next()
  ) {
    const row = next.value;
    if (isFilled(row) && (!mapping.file.header || isHeader(mapping, row.cells))) {
      const cellOf = columnReader(mapping, row.cells);
      return { header: row.cells, rows: tableRows({ above, row, rows }, mapping, cellOf) };
    }
    if (row.fault !== undefined && mapping.file.header && isByPosition(mapping)) {
      throw new UsageError(
        "file_unreadable",
        `${name} has a header that cannot be read: ${row.fault.detail}`,
      );
    }
    above.push(row);
  }
  await rows.return(undefined);
  const first = above.find(isFilled);
  if (first === undefined) throw new UsageError("file_unreadable", `${name} is empty`);
  columnReader(mapping, first.cells);
  throw new UsageError("column_unknown", `${name} has no header among its first ${MAX_ABOVE} rows`);
}

function isFilled({ cells, fault }: FileRow): boolean {
  return fault === undefined && cells.some((cell) => cell !== "");
}

function isByPosition(mapping: Mapping): boolean {
  return columnsOf(mapping).every(([, column]) => typeof column === "number");
}

async function* tableRows(
  { above, row: header, rows }: { above: FileRow[]; row: FileRow; rows: AsyncGenerator<FileRow> },
  mapping: Mapping,
  cellOf: CellOf,
): AsyncGenerator<TableRow> {
  const width = header.cells.length;
  const isRagged = mapping.file.format === "xlsx";
  const isTotal = totalsReader(mapping);
  const isFurther = sameKeyReader(mapping, cellOf);
  const judged = function* (row: FileRow): Generator<TableRow> {
    if (row.fault !== undefined || swallows(row, width)) {
      isFurther(undefined);
      yield* eachLine(row);
      return;
    }
    if (row.cells.every((cell) => cell === "")) {
      yield { ...row, ignored: "blank" };
      return;
    }
    if (isTotal(row)) {
      yield { ...row, ignored: "totals" };
      return;
    }
    const padded = isRagged ? { ...row, cells: paddedTo(width, row.cells) } : row;
    yield isFurther(padded.cells.length === width ? padded : undefined)
      ? { ...padded, ignored: "same_key" }
      : padded;
  };
  try {
    for (const row of above) {
      if (mapping.file.header) yield { ...row, ignored: isBlank(row) ? "blank" : "above_header" };
      else yield* judged(row);
    }
    if (mapping.file.header) yield { ...header, ignored: "header" };
    else yield* judged(header);
    for await (const row of rows) yield* judged(row);
  } finally {
    await rows.return(undefined);
  }
}

function isBlank({ cells, fault }: FileRow): boolean {
  return fault === undefined && cells.every((cell) => cell === "");
}

/**
 * Whether a quoted cell over several lines holds what are rows: two lines of it are each as wide as the table. A note
 * of somebody's has as many delimiters on two of its lines only by chance, and is then rejected, not misread.
 */
function swallows({ delimiters = [] }: FileRow, width: number): boolean {
  return width > 1 && delimiters.filter((count) => count === width - 1).length > 1;
}

/** A row that could not be taken apart is as many rejected rows as it has lines: nobody knows what they were. */
function* eachLine({ line, lines, fault }: FileRow): Generator<TableRow> {
  const shared = fault ?? {
    reason: "stray_quote",
    detail: `lines ${line} to ${line + lines - 1} are in one row, and two of them are as wide as the header`,
  };
  for (let at = 0; at < lines; at += 1) yield { line: line + at, lines: 1, cells: [], fault: shared };
}

function paddedTo(width: number, cells: readonly string[]): readonly string[] {
  return cells.length >= width ? cells : [...cells, ...Array<string>(width - cells.length).fill("")];
}

function totalsReader({ file: { totals } }: Mapping): (row: FileRow) => boolean {
  const begins = totals.map(plainBlanks);
  return ({ cells }) => {
    const first = plainBlanks(cells.find((cell) => cell !== "") ?? "");
    return begins.some((beginning) => first.startsWith(beginning));
  };
}

/** Whether a row without an amount has the key of the row above it. */
function sameKeyReader({ amount, key }: Mapping, cellOf: CellOf): (row: FileRow | undefined) => boolean {
  if (amount.empty !== "same_key" || key === undefined) return () => false;
  let above: string | undefined;
  return (row) => {
    if (row === undefined) {
      above = undefined;
      return false;
    }
    const own = JSON.stringify(key.columns.map((column) => cellOf(row.cells, column)));
    const isSame = own === above && cellOf(row.cells, amount.column) === "";
    above = own;
    return isSame;
  };
}
