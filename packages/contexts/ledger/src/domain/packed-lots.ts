import { type Layer, LayeredMap } from "@taem/kernel";
import type { Lot } from "./lot.ts";
import { headOf, type LotOrigin, lengthOf, readLot, writeLot } from "./lot-record.ts";

/** By how much a full buffer is made larger at least, and otherwise by a quarter. */
const LEAST_UNITS = 96;
const LEAST_LOTS = 6;

/** A snapshot's form: the records and where each lot's begins, and the origins that they refer to. */
export interface PackedBytes {
  readonly origins: readonly LotOrigin[];
  readonly starts: Uint8Array;
  readonly units: Uint8Array;
}

/**
 * The lots of an account by number, in one buffer. An account that lives for years has many, nearly all with nothing
 * left; as objects they take ten times the memory, and the garbage collector's time for as long as they are cached.
 *
 * A lot that fits where it was is written there; another goes to the end and leaves its old record, which is left out
 * when the buffer is full and all are copied to a larger one.
 */
export class PackedLots implements Layer<number, Lot> {
  /** Records; none begins at 0. */
  #units = new Uint16Array(1);
  #end = 1;
  /** Units of the records that are some lot's. */
  #live = 0;
  /** By lot, where its record begins; 0 = there is none. */
  #starts = new Uint32Array(0);
  /** Highest number there is. */
  #last = 0;
  #origins: readonly LotOrigin[] = [];

  get(no: number): Lot | undefined {
    const start = this.#startOf(no);
    return start === 0 ? undefined : readLot(this.#units, start, no, this.#origins);
  }

  set(no: number, lot: Lot): void {
    const origin = this.#ordinalOf(lot);
    const head = headOf(lot, origin);
    const length = lengthOf(head);
    const known = this.#lengthAt(this.#startOf(no));
    if (length > known) this.#begin(no, length);
    this.#live += length - known;
    writeLot(this.#units, this.#startOf(no), head, lot, origin);
  }

  draft(): Layer<number, Lot> {
    return new LayeredMap(this);
  }

  commit(): Layer<number, Lot> {
    return this;
  }

  *entries(): Iterable<[number, Lot]> {
    for (let no = 1; no <= this.#last; no++) {
      const lot = this.get(no);
      if (lot !== undefined) yield [no, lot];
    }
  }

  toBytes(): PackedBytes {
    return {
      origins: this.#origins,
      starts: new Uint8Array(this.#starts.buffer, 0, this.#last * this.#starts.BYTES_PER_ELEMENT),
      units: new Uint8Array(this.#units.buffer, 0, this.#end * this.#units.BYTES_PER_ELEMENT),
    };
  }

  /** A cache of this machine's kind: processors that run Node all have the least significant byte first. */
  static fromBytes({ origins, starts, units }: PackedBytes): PackedLots {
    const lots = new PackedLots();
    lots.#origins = origins;
    // Copies, which begin where their elements may.
    lots.#starts = new Uint32Array(new Uint8Array(starts).buffer);
    lots.#last = lots.#starts.length;
    lots.#units = new Uint16Array(new Uint8Array(units).buffer);
    lots.#end = lots.#units.length;
    for (const start of lots.#starts) lots.#live += lots.#lengthAt(start);
    return lots;
  }

  #startOf(no: number): number {
    return this.#starts[no - 1] ?? 0;
  }

  #lengthAt(start: number): number {
    return start === 0 ? 0 : lengthOf(this.#units[start] as number);
  }

  /** Gives the lot a new record at the end. */
  #begin(no: number, length: number): void {
    if (this.#end + length > this.#units.length) this.#copy(length);
    if (no > this.#last) this.#last = no;
    if (no > this.#starts.length) {
      const before = this.#starts;
      this.#starts = new Uint32Array(withRoom(no, LEAST_LOTS));
      this.#starts.set(before);
    }
    this.#starts[no - 1] = this.#end;
    this.#end += length;
  }

  /** Makes room for a record, and leaves out what is no lot's any more. */
  #copy(length: number): void {
    const before = this.#units;
    const after = new Uint16Array(withRoom(1 + this.#live + length, LEAST_UNITS));
    const starts = this.#starts;
    let end = 1;
    for (let i = 0; i < this.#last; i++) {
      const start = starts[i] as number;
      if (start === 0) continue;
      const stop = start + lengthOf(before[start] as number);
      starts[i] = end;
      for (let at = start; at < stop; at++) after[end++] = before[at] as number;
    }
    this.#units = after;
    this.#end = end;
  }

  /** Mostly one of the last that came. */
  #ordinalOf({ kind, source, vintage }: Lot): number {
    const origins = this.#origins;
    for (let i = origins.length - 1; i >= 0; i--) {
      const origin = origins[i] as LotOrigin;
      if (origin.vintage === vintage && origin.source === source && origin.kind === kind) return i;
    }
    this.#origins = [...origins, { kind, source, vintage }];
    return origins.length;
  }
}

function withRoom(length: number, least: number): number {
  return length + Math.max(least, length >>> 2);
}
