/** A bell that can be waited for without missing a stroke: whoever saw count n waits for stroke n + 1. */
export class WakeUps {
  #count = 0;
  readonly #sleepers = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  ring(): void {
    this.#count++;
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Resolves when the bell has rung more than `count` times, the time is over or the signal aborts. */
  after(count: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal.addEventListener("abort", wake);
      this.#sleepers.add(wake);
      if (this.#count !== count || signal.aborted) wake();
    });
  }
}
