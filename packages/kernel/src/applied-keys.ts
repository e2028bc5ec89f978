import { type BusinessKey, keyDigest } from "./business-key.ts";

/**
 * The business keys that an account has applied: 16 bytes of SHA-256 each, with the revision of the (first) event
 * that carries the key. A million keys take about 27 MB.
 *
 * A draft reads through to its base and holds its own keys apart, so that a decision which is not appended leaves
 * no trace; `commit` moves them down.
 */
export class AppliedKeys {
  readonly #table: KeyTable;
  /** Of a draft: what it was drafted from, which it leaves alone, and what it adds, by digest. */
  readonly #base: AppliedKeys | undefined;
  #added: Map<string, number> | undefined;

  constructor(base?: AppliedKeys) {
    this.#base = base;
    this.#table = base === undefined ? new KeyTable() : base.#table;
  }

  get size(): number {
    return (this.#base?.size ?? this.#table.size) + (this.#added?.size ?? 0);
  }

  /** Revision of the event that carries the key, or undefined. */
  revisionOf(key: BusinessKey): number | undefined {
    return this.#find(keyDigest(key));
  }

  #find(digest: Buffer): number | undefined {
    if (this.#base === undefined) return this.#table.get(digest);
    return this.#added?.get(digest.toString("latin1")) ?? this.#base.#find(digest);
  }

  /** Keeps the first revision of a key: the parts of one large effect share theirs. */
  add(key: BusinessKey, revision: number): void {
    this.addDigest(keyDigest(key), revision);
  }

  addDigest(digest: Buffer, revision: number): void {
    if (this.#find(digest) !== undefined) return;
    if (this.#base === undefined) this.#table.set(digest, revision);
    else {
      this.#added ??= new Map();
      this.#added.set(digest.toString("latin1"), revision);
    }
  }

  draft(): AppliedKeys {
    return new AppliedKeys(this);
  }

  /** What it was drafted from, with this draft's keys among its own. */
  commit(): AppliedKeys {
    if (this.#base === undefined) return this;
    for (const [digest, revision] of this.#added ?? [])
      this.#base.addDigest(Buffer.from(digest, "latin1"), revision);
    return this.#base;
  }

  /** A snapshot's form: digest and revision, 20 bytes a key. Of a draft, too. */
  toBytes(): Buffer {
    if (this.#base === undefined) return this.#table.toBytes();
    const whole = new AppliedKeys();
    for (const [digest, revision] of this.entries()) whole.addDigest(digest, revision);
    return whole.toBytes();
  }

  static fromBytes(bytes: Buffer): AppliedKeys {
    const keys = new AppliedKeys();
    keys.#table.reserve(bytes.length / ENTRY_BYTES);
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES)
      keys.#table.set(bytes.subarray(at, at + 16), bytes.readUInt32LE(at + 16));
    return keys;
  }

  /** Whether the same keys were applied by the same revisions. */
  isSame(other: AppliedKeys): boolean {
    if (this.size !== other.size) return false;
    for (const [digest, revision] of this.entries()) if (other.#find(digest) !== revision) return false;
    return true;
  }

  *entries(): Iterable<[digest: Buffer, revision: number]> {
    yield* this.#base?.entries() ?? this.#table.entries();
    for (const [digest, revision] of this.#added ?? []) yield [Buffer.from(digest, "latin1"), revision];
  }
}

const WORDS = 5;
const ENTRY_BYTES = 4 * WORDS;
const FIRST_CAPACITY = 6;

/**
 * Open addressing over one typed array: four words of digest, one of revision (0 = free). Two thirds to five sixths
 * of the slots are taken: a look-up passes a dozen at most on average, side by side in memory.
 */
class KeyTable {
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
