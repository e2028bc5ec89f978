import { columnReader } from "./columns.ts";
import { readRows } from "./file-rows.ts";
import type { Mapping } from "./mapping.ts";
import { RowSpool } from "./row-spool.ts";
import { instantOfRow } from "./row-times.ts";
import type { Source } from "./source.ts";
import { openTable, type Table, type TableRow } from "./table.ts";

/** How far a source has been read. */
export interface ReadingProgress {
  /** Bytes of the source, packed as it is. */
  readonly bytes: number;
  readonly lines: number;
}

export interface ReadingOptions {
  readonly source: Source;
  readonly mapping: Mapping;
  /** Of the programme, for local times whose zone the mapping does not say. */
  readonly zone: string;
  /** Where the rows lie until they are done with. */
  readonly spool: string;
  /** Stops the reading where it is. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReadingProgress) => void;
}

/** A table that has been read to its end, and whose rows can be gone through in the order of time. */
export interface Reading extends AsyncDisposable {
  readonly header: readonly string[];
  readonly lines: number;
  /** The newest rows come first: they are read from the end, so that a sale comes before its return. */
  readonly isNewestFirst: boolean;
  readonly rows: () => AsyncGenerator<TableRow>;
}

const ROWS_BETWEEN_PROGRESS = 5_000;

/** Reads a source to its end, before anything is done with it. Rejects with a `UsageError` if that cannot be. */
export async function readTable({ source, mapping, zone, ...options }: ReadingOptions): Promise<Reading> {
  await using undo = new AsyncDisposableStack();
  const meter = { bytes: 0 };
  const table = await openTable(readRows(source, mapping, meter), mapping, source.name);
  const spool = undo.use(await RowSpool.create(options.spool));
  const order = orderReader(mapping, zone, table);
  let lines = 0;
  let rows = 0;
  for await (const row of table.rows) {
    await spool.add(row);
    order.see(row);
    lines += row.lines;
    if (++rows % ROWS_BETWEEN_PROGRESS === 0) options.onProgress({ bytes: meter.bytes, lines });
    if (options.signal.aborted) break;
  }
  const isNewestFirst = order.isNewestFirst();
  const opened = undo.move();
  return {
    header: table.header,
    lines,
    isNewestFirst,
    rows: () => spool.rows(isNewestFirst ? "backwards" : "forwards"),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Of the steps of time from row to row so many must go back in a table whose newest rows come first. */
const BACKWARDS_SHARE = 0.9;

function orderReader(mapping: Mapping, zone: string, { header }: Table) {
  const instantOf = instantOfRow({ mapping, zone }, columnReader(mapping, header));
  const steps = { forwards: 0, backwards: 0 };
  let last: number | undefined;
  return {
    see: ({ cells, fault, ignored }: TableRow) => {
      if (instantOf === undefined || fault !== undefined || ignored !== undefined) return;
      const at = cells.length === header.length ? instantOf(cells) : undefined;
      if (at === undefined) return;
      if (last !== undefined && at > last) steps.forwards += 1;
      if (last !== undefined && at < last) steps.backwards += 1;
      last = at;
    },
    isNewestFirst: () =>
      steps.backwards > 0 && steps.backwards >= BACKWARDS_SHARE * (steps.backwards + steps.forwards),
  };
}
