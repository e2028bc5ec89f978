import { SingleBar } from "cli-progress";

const BETWEEN_LINES_MS = 10_000;

/** A bar on standard error for work that a person waits for; a line now and then where that is no terminal. */
export class ProgressBar implements Disposable {
  readonly #bar = new SingleBar({
    stream: process.stderr,
    format: "{what} {bar} {percentage} % · {count} · {eta_formatted} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    noTTYOutput: true,
    notTTYSchedule: BETWEEN_LINES_MS,
  });
  #what = "";

  show(what: string, done: number, total: number): void {
    const payload = { what, count: done.toLocaleString("en-US") };
    if (what !== this.#what) {
      if (this.#what !== "") this.#bar.stop();
      this.#what = what;
      this.#bar.start(total, done, payload);
    } else {
      this.#bar.setTotal(total);
      this.#bar.update(done, payload);
    }
  }

  /** Leaves the last state standing. */
  end(): void {
    if (this.#what !== "") this.#bar.stop();
    this.#what = "";
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
