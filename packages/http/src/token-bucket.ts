/** Lets so many through in a time, and as many at once as that time allows. Times in milliseconds of one clock. */
export class TokenBucket {
  readonly #size: number;
  readonly #perMs: number;
  #tokens: number;
  #at: number;

  /** `size` every `intervalMs`; full to begin with. */
  constructor(size: number, intervalMs: number, now: number) {
    this.#size = size;
    this.#perMs = size / intervalMs;
    this.#tokens = size;
    this.#at = now;
  }

  /** Takes one, if there is one. */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens -= 1;
    return true;
  }

  has(now: number): boolean {
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    return this.#tokens >= 1;
  }

  /** Milliseconds until there is one. */
  waitMs(now: number): number {
    return this.has(now) ? 0 : (1 - this.#tokens) / this.#perMs;
  }
}
