import { createHash, type Hash } from "node:crypto";
import { isTransaction, type Outcome, type RowReader } from "./row-reader.ts";
import type { TableRow } from "./table.ts";

export interface ReadRow {
  /** Line of the file on which the row begins, and how many it takes up. */
  readonly line: number;
  readonly lines: number;
  readonly outcome: Outcome;
}

/** Rows that are sent together, with the programme's clock where the newest of them needs it. */
export interface Chunk {
  readonly rows: readonly ReadRow[];
  /** The newest occurredAt, in milliseconds since the epoch; undefined if there is no transaction in it. */
  readonly newest: number | undefined;
  /** Rows up to its end, in the order in which they are read, and what they hold. */
  readonly end: { readonly rows: number; readonly prefix: string };
}

/** The rows that an earlier run has done are no longer the same: the file was changed. */
export class EditedFile extends Error {}

export interface ChunkOptions {
  readonly header: readonly string[];
  readonly read: RowReader;
  /** Where the clock stands, in milliseconds since the epoch. */
  readonly clock: number;
  /** What an earlier run has done. */
  readonly done: { readonly rows: number; readonly prefix: string } | undefined;
}

const MAX_ROWS = 2_000;

/**
 * How far ahead of a row the clock may be set with it. What depends on the clock (what is still pending, what has
 * expired) is judged for a row at most this much later than it happened, as long as the file is in order of time.
 */
const CLOCK_STEP_MS = 86_400_000;

/** Cuts a file's rows into chunks. Throws `EditedFile` if what an earlier run has done is not there. */
export async function* chunksOf(rows: AsyncIterable<TableRow>, options: ChunkOptions): AsyncGenerator<Chunk> {
  const { header, read, done } = options;
  const prefix = createHash("sha256").update(JSON.stringify(header));
  let building = new ChunkBuilder(0, prefix, options.clock);
  for await (const row of rows) {
    const outcome = read(row);
    if (building.end < (done?.rows ?? 0)) {
      building.skip(row);
      if (building.end === done?.rows) checkPrefix(prefix, done.prefix);
      continue;
    }
    if (building.isFullFor(outcome)) {
      yield building.chunk();
      building = building.next();
    }
    building.add(row, outcome);
  }
  if (building.end < (done?.rows ?? 0)) throw new EditedFile();
  if (!building.isEmpty) yield building.chunk();
}

function checkPrefix(prefix: Hash, expected: string): void {
  if (prefix.copy().digest("hex") !== expected) throw new EditedFile();
}

class ChunkBuilder {
  readonly #prefix: Hash;
  readonly #clock: number;
  readonly #rows: ReadRow[] = [];
  #end: number;
  #newest: number | undefined;
  /** Where the clock needs to be for the first transaction. */
  #from: number | undefined;

  constructor(start: number, prefix: Hash, clock: number) {
    this.#end = start;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get end(): number {
    return this.#end;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  isFullFor(outcome: Outcome): boolean {
    if (this.#rows.length >= MAX_ROWS) return true;
    if (!isTransaction(outcome) || this.#from === undefined) return false;
    return outcome.occurredAt > this.#from + CLOCK_STEP_MS;
  }

  add(row: TableRow, outcome: Outcome): void {
    this.skip(row);
    this.#rows.push({ line: row.line, lines: row.lines, outcome });
    if (!isTransaction(outcome)) return;
    const { occurredAt } = outcome;
    this.#from ??= Math.max(occurredAt, this.#clock);
    this.#newest = Math.max(this.#newest ?? 0, occurredAt);
  }

  skip({ cells, fault, ignored }: TableRow): void {
    this.#prefix.update(JSON.stringify([cells, fault?.reason, ignored]));
    this.#end += 1;
  }

  chunk(): Chunk {
    const end = { rows: this.#end, prefix: this.#prefix.copy().digest("hex") };
    return { rows: this.#rows, newest: this.#newest, end };
  }

  next(): ChunkBuilder {
    return new ChunkBuilder(this.#end, this.#prefix, Math.max(this.#clock, this.#newest ?? 0));
  }
}
