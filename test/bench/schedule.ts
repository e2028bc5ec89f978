const LATEST_MS = 1_000;

/** When requests are due that are offered at a fixed rate. */
export class Schedule {
  readonly #interval: number;
  #next: number;
  /** Given up because they were due more than a second ago. */
  missed = 0;

  constructor(begin: number, perSecond: number) {
    this.#interval = 1_000 / perSecond;
    this.#next = begin;
  }

  /** When the next request was due, if it was by now. */
  take(now: number): number | undefined {
    const late = now - this.#next;
    if (late < 0) return undefined;
    if (late > LATEST_MS) {
      const given = Math.ceil((late - LATEST_MS) / this.#interval);
      this.missed += given;
      this.#next += given * this.#interval;
    }
    const due = this.#next;
    this.#next += this.#interval;
    return due;
  }
}
