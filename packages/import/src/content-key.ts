import { hash } from "node:crypto";

/** 16 bytes of SHA-256 over a row's cells: what the row is, whatever its line ends, quotes and outer white space. */
export function contentHash(cells: readonly string[]): Buffer {
  return hash("sha256", JSON.stringify(cells), "buffer").subarray(0, 16);
}

const WORDS = 4;
const SLOT = WORDS + 1;
const MAX_LOAD = 0.6;

/**
 * Counts identical rows in 20 bytes a row, in a table that probes linearly: a map of strings takes five times that, and ends at 2^24 entries.
 */
export class OrdinalTable {
  #table: Uint32Array;
  #capacity: number;
  #used = 0;

  constructor(capacity = 2 ** 14) {
    this.#capacity = capacity;
    this.#table = new Uint32Array(capacity * SLOT);
  }

  /** How many times this hash has come by now: 1 at first. */
  next(hashed: Buffer): number {
    if (this.#used > this.#capacity * MAX_LOAD) this.#grow();
    const words = [0, 4, 8, 12].map((at) => hashed.readUInt32LE(at)) as [number, number, number, number];
    const at = this.#find(words);
    const count = (this.#table[at + WORDS] as number) + 1;
    if (count === 1) this.#place(at, words);
    this.#table[at + WORDS] = count;
    return count;
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

  #place(at: number, words: readonly number[]): void {
    this.#table.set(words, at);
    this.#used += 1;
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
