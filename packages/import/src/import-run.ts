import { hash } from "node:crypto";
import type { Client, ProgrammeAnswer } from "@taem/client";
import { type Chunk, chunksOf, EditedFile } from "./chunks.ts";
import { ImportFolder, type ImportState, type RejectsFile } from "./import-folder.ts";
import type { Mapping } from "./mapping.ts";
import { prepareProgramme } from "./programme-setup.ts";
import { type Reading, type ReadingProgress, readTable } from "./reading.ts";
import { ReplayClock } from "./replay-clock.ts";
import type { KeylessBy } from "./row-ids.ts";
import { rowReader } from "./row-reader.ts";
import { Sender, type SentChunk } from "./sender.ts";
import type { Source } from "./source.ts";
import { addTally, emptyTally, rejectedRows, type Tally } from "./tally.ts";

export interface ImportPlan {
  /** Names the import's folder; `-` is standard input. */
  readonly file: string;
  readonly source: Source;
  readonly mapping: Mapping;
  readonly programme: string;
  readonly duplicates: "keep" | "reject";
  /** Parent of the import's folder; beside the file if undefined. */
  readonly stateFolder: string | undefined;
}

export interface Progress {
  /** Of the file, and done by now. */
  readonly linesInFile: number;
  readonly lines: number;
  /** Of the whole import; of this run alone. */
  readonly rows: number;
  readonly rowsNow: number;
  readonly rejected: number;
}

export interface ImportHooks {
  /** Stops the import after the chunk under way. */
  readonly signal: AbortSignal;
  readonly onReading: (progress: ReadingProgress) => void;
  readonly onProgress: (progress: Progress) => void;
  /** Something a person should know, as a sentence. */
  readonly onNote: (note: string) => void;
}

export interface ImportResult {
  /** `stopped`: the client may give no more today. Run again, it begins at the beginning: what was taken is recognised. */
  readonly outcome: "complete" | "interrupted" | "stopped";
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
  const { programme, keylessBy } = await prepareProgramme(client, plan.programme, plan.mapping);
  if (keylessBy === "all_columns") hooks.onNote(ALL_COLUMNS);
  const folder = new ImportFolder(plan.file, plan.stateFolder);
  await folder.create();
  const { source, mapping } = plan;
  const { zone } = programme;
  const { signal, onReading: onProgress } = hooks;
  const spool = folder.spoolPath;
  await using reading = await readTable({ source, mapping, zone, spool, signal, onProgress });
  if (reading.isNewestFirst) hooks.onNote("The newest rows come first: reading from the end.");
  const target = targetOf(plan, programme, keylessBy);
  const context = { client, plan, hooks, programme, keylessBy, folder, reading, target };
  const saved = await folder.readState(context.target);
  const isBehind = saved !== undefined && ReplayClock.at(programme) < saved.clock;
  if (isBehind) hooks.onNote("The ledger stands before the saved position: it was restored. Starting over.");
  const state = isBehind ? undefined : saved;
  if (state !== undefined) hooks.onNote(`Going on after row ${state.tally.rows.toLocaleString("en-US")}.`);
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

const ALL_COLUMNS =
  "Rows without a key are told apart by all their columns here, as they were when their system was first imported.";

/** Imports of one target may go on where another of it stopped. */
function targetOf(
  { mapping, duplicates }: ImportPlan,
  { id }: ProgrammeAnswer,
  keylessBy: KeylessBy,
): string {
  return hash("sha256", JSON.stringify([id, mapping, duplicates, keylessBy]));
}

interface Context {
  readonly client: Client;
  readonly plan: ImportPlan;
  readonly hooks: ImportHooks;
  readonly programme: ProgrammeAnswer;
  readonly keylessBy: KeylessBy;
  readonly folder: ImportFolder;
  readonly reading: Reading;
  readonly target: string;
}

class ImportRun {
  readonly #context: Context;
  readonly #state: ImportState | undefined;
  readonly #clock: ReplayClock;
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
    const chunks = this.#chunks();
    try {
      for await (const sent of sender.send(chunks, hooks.signal)) await this.#finish(sent, rejects);
    } finally {
      await chunks.return(undefined);
      await this.#save(rejects);
    }
    const outcome = sender.isStopped ? "stopped" : hooks.signal.aborted ? "interrupted" : "complete";
    // Where it went on after what was refused, that would never be sent again.
    if (outcome !== "interrupted") await folder.clearState();
    const seconds = (performance.now() - startedAt) / 1_000;
    return { outcome, tally: this.#tally, rowsNow: this.#rowsNow, seconds, folder };
  }

  get #rowsNow(): number {
    return this.#tally.rows - this.#rowsBefore;
  }

  #chunks(): AsyncGenerator<Chunk> {
    const { plan, programme, keylessBy, reading } = this.#context;
    const { mapping, duplicates } = plan;
    const { header } = reading;
    const latest = this.#clock.latest(Date.now()) + TOLERANCE_MS;
    const read = rowReader({ mapping, header, zone: programme.zone, latest, duplicates, keylessBy });
    return chunksOf(reading.rows(), { header, read, clock: this.#clock.now, done: this.#state });
  }

  async #finish({ chunk, tally, rejects }: SentChunk, file: RejectsFile): Promise<void> {
    addTally(this.#tally, tally);
    this.#end = chunk.end;
    await file.add(rejects);
    this.#context.hooks.onProgress({
      linesInFile: this.#context.reading.lines,
      lines: this.#tally.lines,
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
    await folder.writeState({ version: 2, target, ...this.#end, clock, rejectsBytes, tally: this.#tally });
    this.#savedAt = performance.now();
  }
}
