import { hash } from "node:crypto";
import { UsageError } from "./usage-error.ts";

/** 16 bytes of SHA-256 over cells: what they say, whatever the line ends, quotes and outer white space around them. */
export function contentHash(cells: readonly unknown[]): Buffer {
  return hash("sha256", JSON.stringify(cells), "buffer").subarray(0, 16);
}

const WORDS = 4;
const SLOT = WORDS + 1;
const MAX_LOAD = 0.6;

/** Rows of one file that can be told apart. It bounds the memory for it: 20 bytes a slot, 335 MB. */
const MAX_ROWS = 10_000_000;

/**
 * What is known of rows: a number above zero under each hash, in 20 bytes a row, in a table that probes linearly. A map
 * of strings takes five times that.
 */
export class RowTable {
  #table: Uint32Array;
  #capacity: number;
  #used = 0;

  constructor(capacity = 2 ** 14) {
    this.#capacity = capacity;
    this.#table = new Uint32Array(capacity * SLOT);
  }

  /** How many times this hash has come by now: 1 at first. */
  count(hashed: Buffer): number {
    const at = this.#slotOf(hashed);
    return ++(this.#table[at + WORDS] as number);
  }

  /** Puts the number under the hash, unless there is one: then it is returned. */
  claim(hashed: Buffer, number: number): number | undefined {
    const at = this.#slotOf(hashed);
    const there = this.#table[at + WORDS] as number;
    if (there !== 0) return there;
    this.#table[at + WORDS] = number;
    return undefined;
  }

  /** Index of the hash's slot; a new one holds 0, and its number must be set. */
  #slotOf(hashed: Buffer): number {
    if (this.#used > this.#capacity * MAX_LOAD) this.#grow();
    const words = [0, 4, 8, 12].map((at) => hashed.readUInt32LE(at)) as [number, number, number, number];
    const at = this.#find(words);
    if (this.#table[at + WORDS] === 0) {
      if (this.#used >= MAX_ROWS) {
        const most = MAX_ROWS.toLocaleString("en-US");
        throw new UsageError("file_too_large", `the file has more than ${most} rows: split it`);
      }
      this.#table.set(words, at);
      this.#used += 1;
    }
    return at;
  }

  /** Index of the hash's slot, or of the free one where it belongs. */
  #find([a, b, c, d]: readonly [number, number, number, number]): number {
    const table = this.#table;
    for (let slot = a % this.#capacity; ; slot = (slot + 1) % this.#capacity) {
      const at = slot * SLOT;
      if (table[at + WORDS] === 0) return at;
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return at;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#capacity *= 2;
    this.#table = new Uint32Array(this.#capacity * SLOT);
    for (let at = 0; at < old.length; at += SLOT) {
      if (old[at + WORDS] === 0) continue;
      const words = old.subarray(at, at + WORDS);
      this.#table.set(
        old.subarray(at, at + SLOT),
        this.#find(words as unknown as [number, number, number, number]),
      );
    }
  }
}
