interface Mark<T> {
  readonly at: number;
  readonly value: T;
}

/**
 * Marks along a sequence that only grows. One that is passed says all those before it, so however long nobody passes any, few
 * are kept: the newest takes the place of the one before it, and what is said is only coarser.
 */
export class Marks<T> {
  readonly #most: number;
  readonly #marks: Mark<T>[] = [];

  constructor(most = 100) {
    this.#most = most;
  }

  /** At or beyond the one before. */
  add(at: number, value: T): void {
    const last = this.#marks.at(-1);
    if (last?.at === at || this.#marks.length >= this.#most) this.#marks.pop();
    this.#marks.push({ at, value });
  }

  /** The last mark up to there, once; undefined where none is. */
  passed(upTo: number): T | undefined {
    const count = this.#marks.findLastIndex(({ at }) => at <= upTo) + 1;
    return this.#marks.splice(0, count).at(-1)?.value;
  }
}
