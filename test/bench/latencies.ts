const TENTHS = 100_000;

/** Milliseconds in tenths, up to ten seconds: enough for a quantile, and nothing is allocated for an answer. */
export class Latencies {
  readonly #counts = new Uint32Array(TENTHS + 1);
  #total = 0;

  add(ms: number): void {
    const tenths = Math.min(TENTHS, Math.round(ms * 10));
    this.#counts[tenths] = (this.#counts[tenths] as number) + 1;
    this.#total++;
  }

  get total(): number {
    return this.#total;
  }

  /** Ten seconds also where it was more. */
  quantile(q: number): number {
    let left = Math.ceil(this.#total * q);
    for (let tenths = 0; tenths < TENTHS; tenths++) {
      left -= this.#counts[tenths] as number;
      if (left <= 0) return tenths / 10;
    }
    return TENTHS / 10;
  }
}
