import { hash } from "node:crypto";
import type { BulkAnswer, BulkLine, Client, CommandAnswer, ProgrammeAnswer } from "@taem/client";
import { type Chunk, chunksOf, EditedFile } from "./chunks.ts";
import { type FileRow, type Meter, readRows } from "./file-rows.ts";
import { ImportFolder, type ImportState, type Reject, type RejectsFile } from "./import-folder.ts";
import { type Mapping, UsageError } from "./mapping.ts";
import { ImportRefused, prepareProgramme } from "./programme-setup.ts";
import { Rejection } from "./reject-reasons.ts";
import { ReplayClock } from "./replay-clock.ts";
import { rowReader, type Transaction } from "./row-reader.ts";
import { countReject, countTaken, emptyTally, rejectedRows, type Tally } from "./tally.ts";

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
const MEMBERS_REMEMBERED = 2 ** 20;

/**
 * Problems that no row is to blame for: every other row would have them too, or the API is broken. The import stops
 * instead of rejecting the file row by row.
 */
const NOT_OF_A_ROW: ReadonlySet<string> = new Set([
  "currency_unknown",
  "forbidden",
  "internal",
  "missing_field",
  "programme_unknown",
  "rule_unknown",
  "unauthenticated",
  "unknown_field",
  "validation_failed",
  "wrong_currency",
]);

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
  readonly #members = new Set<string>();
  /** Of whole chunks. */
  #tally: Tally;
  readonly #rowsBefore: number;
  #savedAt = performance.now();

  constructor(context: Context, state: ImportState | undefined) {
    this.#context = context;
    this.#state = state;
    this.#clock = new ReplayClock(context.client, context.programme);
    this.#tally = state?.tally ?? emptyTally();
    this.#rowsBefore = this.#tally.rows;
  }

  async run(): Promise<ImportResult> {
    const { folder, hooks } = this.#context;
    const startedAt = performance.now();
    await using rejects = await folder.openRejects(this.#state);
    let last: Chunk | undefined;
    try {
      for await (const chunk of ahead(await this.#chunks())) {
        await this.#send(chunk, rejects);
        last = chunk;
        await this.#report(chunk, rejects);
        if (hooks.signal.aborted) break;
      }
    } finally {
      if (last !== undefined) await this.#save(last, rejects);
    }
    const outcome = hooks.signal.aborted ? "interrupted" : "complete";
    if (outcome === "complete") await folder.clearState();
    const seconds = (performance.now() - startedAt) / 1_000;
    return { outcome, tally: this.#tally, rowsNow: this.#tally.rows - this.#rowsBefore, seconds, folder };
  }

  async #chunks(): Promise<AsyncGenerator<Chunk>> {
    const { plan, programme } = this.#context;
    const { mapping, duplicates, file } = plan;
    const rows = readRows(file, mapping, this.#meter);
    const first = await rows.next();
    if (first.done === true) throw new UsageError("file_unreadable", `${file} is empty`);
    const header = first.value.cells;
    const latest = Date.now() + TOLERANCE_MS;
    const read = rowReader({ mapping, header, zone: programme.zone, latest, duplicates });
    const body = mapping.file.header ? rows : withFirst(first.value, rows);
    return chunksOf(body, {
      header: mapping.file.header ? header : [],
      read,
      clock: this.#clock.now,
      done: this.#state,
    });
  }

  async #send({ rows, newest }: Chunk, rejects: RejectsFile): Promise<void> {
    const { client, programme } = this.#context;
    if (newest !== undefined) await this.#clock.advance(newest);
    const tally = structuredClone(this.#tally);
    const rejected: Reject[] = [];
    const reject = (
      line: number,
      { reason, detail }: { readonly reason: string; readonly detail: string },
    ) => {
      countReject(tally, reason);
      rejected.push({ line, reason, detail });
    };
    const sent: { readonly line: number; readonly transaction: Transaction }[] = [];
    for (const { line, outcome } of rows) {
      if (outcome instanceof Rejection) reject(line, outcome);
      else sent.push({ line, transaction: outcome });
    }
    let next = 0;
    for await (const answer of client.bulk(programme.programme, this.#lines(sent))) {
      checkProblem(answer);
      if (answer.line.op === "enrol") {
        this.#enrolled(answer, answer.line.externalId, tally);
        continue;
      }
      const { line, transaction } = sent[next++] as (typeof sent)[number];
      if ("problem" in answer) {
        reject(line, { reason: answer.problem.code, detail: answer.problem.detail });
      } else {
        countTaken(tally, transaction.kind, answer.result as CommandAnswer);
      }
    }
    tally.rows += rows.length;
    await rejects.add(rejected.toSorted((a, b) => a.line - b.line));
    this.#tally = tally;
  }

  /** The commands, each member's enrolment before the first of theirs. */
  *#lines(sent: readonly { readonly transaction: Transaction }[]): Generator<BulkLine> {
    for (const { transaction } of sent) {
      const { member, command } = transaction;
      if (!this.#members.has(member)) {
        if (this.#members.size >= MEMBERS_REMEMBERED) this.#members.clear();
        this.#members.add(member);
        yield { op: "enrol", externalId: member };
      }
      yield command;
    }
  }

  #enrolled(answer: BulkAnswer, member: string, tally: Tally): void {
    if ("problem" in answer)
      this.#members.delete(member); // the member's command has the same fault
    else if (answer.status === 201) tally.membersEnrolled += 1;
  }

  async #report(chunk: Chunk, rejects: RejectsFile): Promise<void> {
    const { rows } = this.#tally;
    this.#context.hooks.onProgress({
      bytes: this.#meter.bytes,
      rows,
      rowsNow: rows - this.#rowsBefore,
      rejected: rejectedRows(this.#tally),
    });
    if (performance.now() - this.#savedAt >= SAVE_MS) await this.#save(chunk, rejects);
  }

  async #save({ end }: Chunk, { bytes: rejectsBytes }: RejectsFile): Promise<void> {
    const { folder, target } = this.#context;
    const clock = Number.isFinite(this.#clock.now) ? this.#clock.now : 0;
    await folder.writeState({ version: 1, target, ...end, clock, rejectsBytes, tally: this.#tally });
    this.#savedAt = performance.now();
  }
}

function checkProblem(answer: BulkAnswer): void {
  if ("problem" in answer && NOT_OF_A_ROW.has(answer.problem.code)) {
    throw new ImportRefused(answer.problem.code, answer.problem.detail);
  }
}

async function* withFirst(first: FileRow, rows: AsyncIterable<FileRow>): AsyncGenerator<FileRow> {
  yield first;
  yield* rows;
}

/** Makes the next item while the present one is worked on. */
async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    let coming = items.next();
    for (;;) {
      const item = await coming;
      if (item.done === true) return;
      coming = items.next();
      coming.catch(() => undefined); // thrown where it is awaited
      yield item.value;
    }
  } finally {
    await items.return(undefined);
  }
}
