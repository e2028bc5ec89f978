import type { EventEmitter } from "node:events";
import { stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { ClientError, createClient } from "@taem/client";
import type { ImportFolder } from "./import-folder.ts";
import { type ImportPlan, runImport } from "./import-run.ts";
import { readMapping, UsageError } from "./mapping.ts";
import { ImportRefused } from "./programme-setup.ts";
import { openProgress, say } from "./progress.ts";
import { type Report, reportBody, reportTable } from "./report.ts";
import { rejectedRows } from "./tally.ts";

export interface ImportCommandOptions {
  readonly file: string;
  /** Path of the mapping. */
  readonly mapping: string;
  readonly url: string;
  /** Token of an API key with the scopes `earn` and `admin`. */
  readonly key: string | undefined;
  /** Code; unless told, the one that the mapping names. */
  readonly programme?: string | undefined;
  readonly duplicates?: "keep" | "reject" | undefined;
  /** Folder for the import's folder; beside the file unless told. */
  readonly state?: string | undefined;
  /** Ends the replay when the import is complete: the programme's clock is the server's from then on. */
  readonly goLive?: boolean | undefined;
  /** Milliseconds without an answer after which the import stops; half a minute unless told. */
  readonly deadlineMs?: number | undefined;
}

export interface Terminal {
  /** For the report. */
  readonly out: Writable;
  /** For everything else. */
  readonly err: Writable;
  /** Source of `SIGINT` and `SIGTERM`; the second one is not caught. */
  readonly signals: EventEmitter;
}

/** What the process exits with. */
export const exitCodes = {
  /** Everything was taken, was there already, or was rejected for a reason in the data. */
  done: 0,
  failed: 1,
  /** Options, mapping or file cannot be used. */
  usage: 2,
  /** No answer, or only "later", for longer than the client waits; running the same again goes on. */
  unreachable: 3,
  /** The API refuses the import as such: key, programme, rule. */
  refused: 4,
  /** There were rows, and every one was rejected: most likely the mapping is wrong. */
  nothingTaken: 5,
  /** Stopped by a signal; running the same again goes on. */
  interrupted: 130,
} as const;

const AGAIN = "Run the same again to go on.";

/** `taem import`: imports a file, shows how far it is, and says what came out. Resolves with the exit code. */
export async function importCommand(options: ImportCommandOptions, terminal: Terminal): Promise<number> {
  try {
    return await execute(options, terminal);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === exitCodes.failed) throw error;
    say(terminal.err, "red", `taem import: ${(error as Error).message}`);
    if (code === exitCodes.unreachable) say(terminal.err, "dim", AGAIN);
    return code;
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof ImportRefused) return exitCodes.refused;
  if (error instanceof ClientError) return error.retryable ? exitCodes.unreachable : exitCodes.refused;
  return exitCodes.failed;
}

async function execute(options: ImportCommandOptions, terminal: Terminal): Promise<number> {
  const mapping = await readMapping(options.mapping);
  const programme = options.programme ?? mapping.programme;
  if (programme === undefined) {
    throw new UsageError("programme_missing", "name the programme with --programme, or in the mapping");
  }
  const { file, url, key, duplicates = "keep", state: stateFolder, deadlineMs } = options;
  if (key === undefined) throw new UsageError("key_missing", "give an API key with --key, or as TAEM_KEY");
  if (!URL.canParse(url))
    throw new UsageError("url_invalid", `${url} is no URL such as http://127.0.0.1:8080`);
  const totalBytes = await sizeOf(file);
  await using client = createClient({ url, key, deadlineMs });
  using progress = openProgress(terminal.err, totalBytes);
  using interruption = onInterruption(terminal.signals, () =>
    progress.note("Stopping after the rows under way."),
  );
  const plan: ImportPlan = { file, mapping, programme, duplicates, stateFolder };
  const { folder, ...result } = await runImport(client, plan, {
    signal: interruption.signal,
    onProgress: progress.show,
    onNote: progress.note,
  });
  progress.end();
  const report: Report = { file, programme, ...result };
  await folder.writeReport(reportBody(report), reportTable(report));
  terminal.out.write(reportTable(report));
  const exitCode = exitCodeFor(report);
  tellWhatNext(exitCode, report, folder, terminal.err);
  if (exitCode === exitCodes.done && options.goLive === true) {
    await client.call("PUT /v1/programmes/{programme}/clock", {
      params: { programme },
      body: { mode: "live" },
    });
  }
  return exitCode;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new UsageError("file_unreadable", `${file} cannot be read: ${(error as Error).message}`);
  }
}

function onInterruption(
  signals: EventEmitter,
  tell: () => void,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM"];
  const unlisten = () => {
    for (const name of names) signals.off(name, interrupt);
  };
  // Listens once: the second signal does what signals do.
  const interrupt = () => {
    unlisten();
    controller.abort();
    tell();
  };
  for (const name of names) signals.on(name, interrupt);
  return { signal: controller.signal, [Symbol.dispose]: unlisten };
}

function exitCodeFor({ outcome, tally }: Report): number {
  if (outcome === "interrupted") return exitCodes.interrupted;
  return tally.rows > 0 && rejectedRows(tally) === tally.rows ? exitCodes.nothingTaken : exitCodes.done;
}

function tellWhatNext(exitCode: number, { tally }: Report, folder: ImportFolder, err: Writable): void {
  if (rejectedRows(tally) > 0) say(err, "yellow", `Rejected rows: ${folder.rejectsPath}`);
  if (exitCode === exitCodes.interrupted) say(err, "dim", AGAIN);
  if (exitCode === exitCodes.nothingTaken)
    say(err, "red", "Every row was rejected: does the mapping fit the file?");
}
