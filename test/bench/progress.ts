const IN_TERMINAL_MS = 500;
const IN_FILE_MS = 10_000;

/** How far a long phase is, on standard error: one line that changes, or now and then another where that is no terminal. */
export class Progress {
  readonly #stream = process.stderr;
  #shownAt = Number.NEGATIVE_INFINITY;

  show(line: string): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#stream.isTTY ? IN_TERMINAL_MS : IN_FILE_MS)) return;
    this.#shownAt = now;
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }
}
