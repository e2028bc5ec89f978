import { type FileHandle, open, rm } from "node:fs/promises";
import type { TableRow } from "./table.ts";

interface Block {
  readonly at: number;
  readonly bytes: number;
}

/** Characters of rows that are kept and read together. */
const BLOCK = 2 ** 18;

/**
 * Rows on disk, to be read from either end as often as wanted: a table whose newest rows come first is read backwards,
 * a packed file is unpacked once, and standard input can be gone through again. Memory holds a block of them.
 */
export class RowSpool implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #blocks: Block[] = [];
  #end = 0;
  #pending: string[] = [];
  #pendingLength = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<RowSpool> {
    return new RowSpool(path, await open(path, "w+"));
  }

  async add(row: TableRow): Promise<void> {
    const text = JSON.stringify(row);
    this.#pending.push(text);
    this.#pendingLength += text.length;
    if (this.#pendingLength >= BLOCK) await this.#flush();
  }

  async *rows(direction: "forwards" | "backwards"): AsyncGenerator<TableRow> {
    await this.#flush();
    const isForwards = direction === "forwards";
    for (const block of isForwards ? this.#blocks : this.#blocks.toReversed()) {
      const rows = await this.#read(block);
      yield* isForwards ? rows : rows.reverse();
    }
  }

  async #read({ at, bytes }: Block): Promise<TableRow[]> {
    const { buffer } = await this.#handle.read(Buffer.alloc(bytes), 0, bytes, at);
    return JSON.parse(buffer.toString("utf8")) as TableRow[];
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const block = Buffer.from(`[${this.#pending.join(",\n")}]`);
    await this.#handle.appendFile(block);
    this.#blocks.push({ at: this.#end, bytes: block.length });
    this.#end += block.length;
    this.#pending = [];
    this.#pendingLength = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}
