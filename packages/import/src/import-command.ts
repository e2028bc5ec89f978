import type { Writable } from "node:stream";
import { createClient } from "@taem/client";
import { AGAIN, exitCodes, onInterruption, runCommand, type Terminal } from "./command.ts";
import type { ImportFolder } from "./import-folder.ts";
import { type ImportPlan, runImport } from "./import-run.ts";
import { readMapping } from "./mapping.ts";
import { openProgress, say } from "./progress.ts";
import { type Report, reportBody, reportTable } from "./report.ts";
import { openSource } from "./source.ts";
import { rejectedRows, rowsMeant, takenRows } from "./tally.ts";
import { UsageError } from "./usage-error.ts";

export interface ImportCommandOptions {
  /** `-` is standard input. */
  readonly file: string;
  /** Path of the mapping. */
  readonly mapping: string;
  readonly url: string;
  /** Token of an API key of a client with the permissions `earn`, `opening` and `define`, that may name the system. */
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

/** `taem import`: imports a file, shows how far it is, and says what came out. Resolves with the exit code. */
export function importCommand(options: ImportCommandOptions, terminal: Terminal): Promise<number> {
  return runCommand(terminal, () => execute(options, terminal));
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
    throw new UsageError("url_invalid", `${url} is no URL such as http://127.0.0.1:8080/v1`);
  const source = await openSource(file, terminal.in);
  await using client = createClient({ url: withoutVersion(url), key, deadlineMs });
  using progress = openProgress(terminal.err, source.size);
  using interruption = onInterruption(terminal.signals, () =>
    progress.note("Stopping after the rows under way."),
  );
  const plan: ImportPlan = { file, source, mapping, programme, duplicates, stateFolder };
  const { folder, ...result } = await runImport(client, plan, {
    signal: interruption.signal,
    onReading: progress.reading,
    onProgress: progress.show,
    onNote: progress.note,
  });
  progress.end();
  const report: Report = { file: source.name, programme, ...result };
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

/** The API's address as `start` prints it ends in `/v1`; what the client wants stands before that. */
function withoutVersion(url: string): string {
  return url.replace(/\/v1\/?$/, "");
}

function exitCodeFor({ outcome, tally }: Report): number {
  if (outcome === "interrupted") return exitCodes.interrupted;
  if (outcome === "stopped") return exitCodes.unreachable;
  return tally.replayed + takenRows(tally) === 0 && rowsMeant(tally) > 0
    ? exitCodes.nothingTaken
    : exitCodes.done;
}

function tellWhatNext(
  exitCode: number,
  { outcome, tally }: Report,
  folder: ImportFolder,
  err: Writable,
): void {
  if (rejectedRows(tally) > 0) say(err, "yellow", `Rejected rows: ${folder.rejectsPath}`);
  if (exitCode === exitCodes.interrupted) say(err, "dim", AGAIN);
  if (outcome === "stopped") {
    const what = "Stopped: the key has given as much as its client may on a day (earn_ceiling_reached)";
    say(err, "red", `${what}. Run the same again tomorrow, or have the currency's earnCeiling raised.`);
  }
  if (exitCode === exitCodes.nothingTaken)
    say(err, "red", "No row was taken: does the mapping fit the file?");
}
