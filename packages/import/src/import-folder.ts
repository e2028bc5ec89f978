import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { tallyBody, tallySchema } from "./tally.ts";
import { UsageError } from "./usage-error.ts";

/** How far an import has come. Only an optimisation: what it would do again is recognised by its keys. */
const stateSchema = z.strictObject({
  version: z.literal(2),
  /** What is imported whereto and how: of another target, the state says nothing. */
  target: z.string(),
  /** Rows done, in the order in which they are read. */
  rows: z.int().min(0),
  /** SHA-256 over what these rows and the header hold: other rows than those, other file. */
  prefix: z.string(),
  /** Where the programme's clock stood, in milliseconds since the epoch; a ledger whose clock is behind was restored. */
  clock: z.int().min(0),
  rejectsBytes: z.int().min(0),
  tally: tallySchema,
});

export type ImportState = z.output<typeof stateSchema>;

export interface Reject {
  readonly line: number;
  readonly reason: string;
  readonly detail: string;
}

const REJECTS_HEADER = "line,reason,detail\n";

/**
 * Where an import keeps its position, its rejected rows and its report: `FILE.import/`, beside the file unless told;
 * of standard input `stdin.import/`.
 */
export class ImportFolder {
  readonly path: string;

  constructor(file: string, parent: string | undefined) {
    const name = file === "-" ? "stdin" : basename(file);
    this.path = join(parent ?? dirname(file), `${name}.import`);
  }

  /** Where the rows lie while they are imported. */
  get spoolPath(): string {
    return join(this.path, "rows.spool");
  }

  get rejectsPath(): string {
    return join(this.path, "rejects.csv");
  }

  async create(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
    } catch (error) {
      const message = `${this.path} cannot be made (${(error as Error).message}); name another folder with --state`;
      throw new UsageError("state_unusable", message);
    }
  }

  /** The state of an unfinished import of the target, if there is one that can be used. */
  async readState(target: string): Promise<ImportState | undefined> {
    const text = await readFile(this.#statePath, "utf8").catch(() => undefined);
    const parsed = stateSchema.safeParse(text === undefined ? undefined : parseJson(text));
    if (!parsed.success || parsed.data.target !== target) return undefined;
    const { size } = await stat(this.rejectsPath).catch(() => ({ size: -1 }));
    return size < parsed.data.rejectsBytes ? undefined : parsed.data;
  }

  /** Replaces the state in one step: a crash leaves the old or the new one. */
  async writeState(state: ImportState): Promise<void> {
    const body: z.input<typeof stateSchema> = { ...state, tally: tallyBody(state.tally) };
    await this.#replace("state.json", body);
  }

  async clearState(): Promise<void> {
    await rm(this.#statePath, { force: true });
  }

  async writeReport(body: object, table: string): Promise<void> {
    await this.#replace("report.json", body);
    await writeFile(join(this.path, "report.txt"), table);
  }

  /** The file of rejected rows, as long as it was when the state was saved, or new. */
  openRejects(state: ImportState | undefined): Promise<RejectsFile> {
    return RejectsFile.open(this.rejectsPath, state?.rejectsBytes);
  }

  get #statePath(): string {
    return join(this.path, "state.json");
  }

  async #replace(name: string, body: object): Promise<void> {
    const path = join(this.path, name);
    await writeFile(`${path}.new`, `${JSON.stringify(body, undefined, 2)}\n`);
    await rename(`${path}.new`, path);
  }
}

/** The rejected rows as CSV: line, reason, detail. */
export class RejectsFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.#bytes = bytes;
  }

  static async open(path: string, bytes: number | undefined): Promise<RejectsFile> {
    const handle = await open(path, bytes === undefined ? "w" : "r+");
    await handle.truncate(bytes ?? 0);
    const file = new RejectsFile(handle, bytes ?? 0);
    if (bytes === undefined) await file.#write(REJECTS_HEADER);
    return file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async add(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length > 0) await this.#write(rejects.map(rejectLine).join(""));
  }

  async #write(text: string): Promise<void> {
    const { bytesWritten } = await this.#handle.write(text, this.#bytes);
    this.#bytes += bytesWritten;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

function rejectLine({ line, reason, detail }: Reject): string {
  return `${line},${reason},"${detail.replaceAll('"', '""')}"\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
