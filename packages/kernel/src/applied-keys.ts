import { type BusinessKey, keyDigest } from "./business-key.ts";
import { DigestTable, ENTRY_BYTES } from "./digest-table.ts";

/**
 * The business keys that an account has applied: 16 bytes of SHA-256 each, with the revision of the (first) event
 * that carries the key. A million keys take about 27 MB.
 *
 * A draft reads through to its base and holds its own keys apart, so that a decision which is not appended leaves
 * no trace; `commit` moves them down.
 */
export class AppliedKeys {
  readonly #table: DigestTable;
  /** Of a draft: what it was drafted from, which it leaves alone, and what it adds, by digest. */
  readonly #base: AppliedKeys | undefined;
  #added: Map<string, number> | undefined;

  constructor(base?: AppliedKeys) {
    this.#base = base;
    this.#table = base === undefined ? new DigestTable() : base.#table;
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
