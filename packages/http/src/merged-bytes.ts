const NONE = Buffer.alloc(0);
/** A body that comes in many pieces is begun with this much room. */
const LEAST = 1_024;

/** Bytes in one piece, in however many they came: a byte that is kept alone takes a hundred times its size. */
export class MergedBytes {
  #bytes: Buffer = NONE;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory: at most twice what came, beside `LEAST`. */
  get kept(): number {
    return this.#bytes.length;
  }

  append(piece: Buffer): void {
    // Most bodies come whole, and are not copied.
    if (this.#length === 0) this.#bytes = piece;
    else {
      const length = this.#length + piece.length;
      if (length > this.#bytes.length) this.#grow(Math.max(length, 2 * this.#bytes.length, LEAST));
      piece.copy(this.#bytes, this.#length);
    }
    this.#length += piece.length;
  }

  /** All that came since it was last taken. */
  take(): Buffer {
    const taken = this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.#bytes = NONE;
    this.#length = 0;
    return taken;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
