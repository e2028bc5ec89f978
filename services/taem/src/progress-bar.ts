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
    formatTime: timeLeft,
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

/** The library estimates nothing (`NULL`, `INF`) while nothing has moved. */
function timeLeft(estimate: number | string): string {
  const seconds = Number(estimate);
  if (!Number.isFinite(seconds)) return "?";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${Math.floor(seconds % 60)}s` : `${Math.floor(seconds)}s`;
}
