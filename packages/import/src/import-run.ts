import { hash } from "node:crypto";
import type { Client, ProgrammeAnswer } from "@taem/client";
import { type Chunk, chunksOf, EditedFile } from "./chunks.ts";
import { type FileRow, type Meter, readRows } from "./file-rows.ts";
import { ImportFolder, type ImportState, type RejectsFile } from "./import-folder.ts";
import { type Mapping, UsageError } from "./mapping.ts";
import { prepareProgramme } from "./programme-setup.ts";
import { ReplayClock } from "./replay-clock.ts";
import { rowReader } from "./row-reader.ts";
import { Sender, type SentChunk } from "./sender.ts";
import { addTally, emptyTally, rejectedRows, type Tally } from "./tally.ts";

export interface ImportPlan {
  readonly file: string;
  readonly mapping: Mapping;
  readonly programme: string;
  readonly duplicates: "keep" | "reject";
  /** Parent of the import's folder; beside the file if undefined. */
  readonly stateFolder: string | undefined;
}

export interface Progress {
  /** Of the file, read so far. */
  readonly bytes: number;
  /** Of the whole import; of this run alone. */
  readonly rows: number;
  readonly rowsNow: number;
  readonly rejected: number;
}

export interface ImportHooks {
  /** Stops the import after the chunk under way. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Something a person should know, as a sentence. */
  readonly onNote: (note: string) => void;
}

export interface ImportResult {
  readonly outcome: "complete" | "interrupted";
  /** Of the whole import, earlier runs of it included. */
  readonly tally: Tally;
  /** Rows of this run alone, and what it took. */
  readonly rowsNow: number;
  readonly seconds: number;
  readonly folder: ImportFolder;
}

/** Between two saved positions; a crash repeats what came after the last. */
const SAVE_MS = 1_000;
/** A row may be a little ahead of this machine's clock. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * Imports a file. Rejects with a `UsageError`, an `ImportRefused` or a `ClientError`; what was done by then is in the
 * ledger and, as a rule, in the saved state: running the same again goes on from there.
 */
export async function runImport(client: Client, plan: ImportPlan, hooks: ImportHooks): Promise<ImportResult> {
  const programme = await prepareProgramme(client, plan.programme, plan.mapping);
  const folder = new ImportFolder(plan.file, plan.stateFolder);
  await folder.create();
  const context = { client, plan, hooks, programme, folder, target: targetOf(plan, programme) };
  const saved = await folder.readState(context.target);
  const isBehind = saved !== undefined && ReplayClock.at(programme) < saved.clock;
  if (isBehind) hooks.onNote("The ledger stands before the saved position: it was restored. Starting over.");
  const state = isBehind ? undefined : saved;
  if (state !== undefined) hooks.onNote(`Going on after row ${state.rows.toLocaleString("en-US")}.`);
  try {
    return await new ImportRun(context, state).run();
  } catch (error) {
    if (!(error instanceof EditedFile)) throw error;
    hooks.onNote(
      "The file has changed since: starting over. What is in the ledger is recognised by its keys.",
    );
    return await new ImportRun(context, undefined).run();
  }
}

/** Imports of one target may go on where another of it stopped. */
function targetOf({ mapping, duplicates }: ImportPlan, { id }: ProgrammeAnswer): string {
  return hash("sha256", JSON.stringify([id, mapping, duplicates]));
}

interface Context {
  readonly client: Client;
  readonly plan: ImportPlan;
  readonly hooks: ImportHooks;
  readonly programme: ProgrammeAnswer;
  readonly folder: ImportFolder;
  readonly target: string;
}

class ImportRun {
  readonly #context: Context;
  readonly #state: ImportState | undefined;
  readonly #clock: ReplayClock;
  readonly #meter: Meter = { bytes: 0 };
  readonly #tally: Tally;
  readonly #rowsBefore: number;
  /** How far all is answered. */
  #end: Chunk["end"] | undefined;
  #savedAt = performance.now();

  constructor(context: Context, state: ImportState | undefined) {
    this.#context = context;
    this.#state = state;
    this.#clock = new ReplayClock(context.client, context.programme);
    this.#tally = state?.tally ?? emptyTally();
    this.#rowsBefore = this.#tally.rows;
  }

  async run(): Promise<ImportResult> {
    const { client, folder, hooks, programme } = this.#context;
    const startedAt = performance.now();
    await using rejects = await folder.openRejects(this.#state);
    const sender = new Sender(client, programme.programme, this.#clock);
    const chunks = await this.#chunks();
    try {
      for await (const sent of sender.send(chunks, hooks.signal)) await this.#finish(sent, rejects);
    } finally {
      await chunks.return(undefined);
      await this.#save(rejects);
    }
    const outcome = hooks.signal.aborted ? "interrupted" : "complete";
    if (outcome === "complete") await folder.clearState();
    const seconds = (performance.now() - startedAt) / 1_000;
    return { outcome, tally: this.#tally, rowsNow: this.#rowsNow, seconds, folder };
  }

  get #rowsNow(): number {
    return this.#tally.rows - this.#rowsBefore;
  }

  async #chunks(): Promise<AsyncGenerator<Chunk>> {
    const { plan, programme } = this.#context;
    const { mapping, duplicates, file } = plan;
    const rows = readRows(file, mapping, this.#meter);
    const first = await rows.next();
    if (first.done === true) throw new UsageError("file_unreadable", `${file} is empty`);
    const { cells } = first.value;
    const latest = this.#clock.latest(Date.now()) + TOLERANCE_MS;
    const read = rowReader({ mapping, header: cells, zone: programme.zone, latest, duplicates });
    const { header: hasHeader } = mapping.file;
    const options = { header: hasHeader ? cells : [], read, clock: this.#clock.now, done: this.#state };
    return chunksOf(hasHeader ? rows : withFirst(first.value, rows), options);
  }

  async #finish({ chunk, tally, rejects }: SentChunk, file: RejectsFile): Promise<void> {
    addTally(this.#tally, tally);
    this.#end = chunk.end;
    await file.add(rejects);
    this.#context.hooks.onProgress({
      bytes: this.#meter.bytes,
      rows: this.#tally.rows,
      rowsNow: this.#rowsNow,
      rejected: rejectedRows(this.#tally),
    });
    if (performance.now() - this.#savedAt >= SAVE_MS) await this.#save(file);
  }

  async #save({ bytes: rejectsBytes }: RejectsFile): Promise<void> {
    if (this.#end === undefined) return;
    const { folder, target } = this.#context;
    const clock = Number.isFinite(this.#clock.now) ? this.#clock.now : 0;
    await folder.writeState({ version: 1, target, ...this.#end, clock, rejectsBytes, tally: this.#tally });
    this.#savedAt = performance.now();
  }
}

async function* withFirst(first: FileRow, rows: AsyncIterable<FileRow>): AsyncGenerator<FileRow> {
  yield first;
  yield* rows;
}
