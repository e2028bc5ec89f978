import { closeSync, ftruncateSync, openSync, readFileSync, write } from "node:fs";
import { promisify } from "node:util";

const writeTo = promisify(write);

/**
 * Lines in a file. One write is in flight at a time and carries all lines that have come meanwhile; what has been
 * acknowledged survives the death of the process. A torn last line, never acknowledged, is cut off when opening.
 */
export class LogFile {
  readonly #descriptor: number;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(path: string, onLine: (line: string) => void) {
    this.#descriptor = openSync(path, "a+");
    const bytes = readFileSync(path);
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      onLine(bytes.toString("utf8", start, end));
      start = end + 1;
    }
    ftruncateSync(this.#descriptor, start);
  }

  /** Resolves when the line and all before it are written. */
  append(line: string): Promise<void> {
    this.#lines.push(line);
    if (this.#writing === undefined) {
      this.#writing = this.#write();
      return this.#writing;
    }
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    return this.#next;
  }

  /** Resolves when every line so far is written. */
  async written(): Promise<void> {
    await (this.#next ?? this.#writing);
  }

  async #write(): Promise<void> {
    const bytes = Buffer.from(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await writeTo(this.#descriptor, bytes, written);
      written += bytesWritten;
    }
    if (this.#next === undefined) this.#writing = undefined;
  }

  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    closeSync(this.#descriptor);
  }
}
