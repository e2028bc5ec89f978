const WORDS = 5;
export const ENTRY_BYTES = 4 * WORDS;
const FIRST_CAPACITY = 6;

/**
 * A revision, above 0, by a digest of which the first 16 bytes count. Open addressing over one typed array: four words of digest, one
 * of revision (0 = free). Two thirds to five sixths
 * of the slots are taken: a look-up passes a dozen at most on average, side by side in memory.
 */
export class DigestTable {
  #words: Uint32Array | undefined;
  #capacity = 0;
  size = 0;

  get(digest: Buffer): number | undefined {
    if (this.#words === undefined) return undefined;
    const revision = this.#words[this.#slot(this.#words, digest) + 4];
    return revision === 0 ? undefined : revision;
  }

  set(digest: Buffer, revision: number): void {
    if ((this.size + 1) * 6 > this.#capacity * 5) this.#resize(Math.ceil(this.#capacity * 1.25));
    const words = this.#words as Uint32Array;
    const slot = this.#slot(words, digest);
    if (words[slot + 4] === 0) this.size++;
    for (let i = 0; i < 4; i++) words[slot + i] = digest.readUInt32LE(4 * i);
    words[slot + 4] = revision;
  }

  /** Makes room for so many keys at once, before the first. */
  reserve(keys: number): void {
    this.#resize(Math.ceil((keys * 6) / 5));
  }

  /** The taken slots, word by word: an object a key would hold up every command while a long account is written. */
  toBytes(): Buffer {
    const taken = new Uint32Array(this.size * WORDS);
    const words = this.#words ?? taken;
    let to = 0;
    for (let from = 0; from < words.length; from += WORDS) {
      if (words[from + 4] === 0) continue;
      for (let i = 0; i < WORDS; i++) taken[to++] = words[from + i] as number;
    }
    return Buffer.from(taken.buffer);
  }

  *entries(): Iterable<[Buffer, number]> {
    const words = this.#words;
    if (words === undefined) return;
    for (let slot = 0; slot < words.length; slot += WORDS) {
      const revision = words[slot + 4] as number;
      if (revision === 0) continue;
      yield [Buffer.from(words.slice(slot, slot + 4).buffer), revision];
    }
  }

  /** Offset of the digest's slot, or of the free slot where it belongs. */
  #slot(words: Uint32Array, digest: Buffer): number {
    const first = digest.readUInt32LE(0);
    for (let slot = this.#home(first); ; slot = next(words, slot)) {
      if (words[slot + 4] === 0) return slot;
      if (words[slot] === first && sameTail(words, slot, digest)) return slot;
    }
  }

  /** Offset where the search for a digest begins, by its first word. */
  #home(first: number): number {
    return (first % this.#capacity) * WORDS;
  }

  #resize(capacity: number): void {
    const before = this.#words;
    this.#capacity = Math.max(FIRST_CAPACITY, capacity);
    const words = new Uint32Array(this.#capacity * WORDS);
    this.#words = words;
    if (before === undefined) return;
    for (let from = 0; from < before.length; from += WORDS) {
      if (before[from + 4] === 0) continue;
      let slot = this.#home(before[from] as number);
      while (words[slot + 4] !== 0) slot = next(words, slot);
      for (let i = 0; i < WORDS; i++) words[slot + i] = before[from + i] as number;
    }
  }
}

function next(words: Uint32Array, slot: number): number {
  const after = slot + WORDS;
  return after === words.length ? 0 : after;
}

function sameTail(words: Uint32Array, slot: number, digest: Buffer): boolean {
  return (
    words[slot + 1] === digest.readUInt32LE(4) &&
    words[slot + 2] === digest.readUInt32LE(8) &&
    words[slot + 3] === digest.readUInt32LE(12)
  );
}
