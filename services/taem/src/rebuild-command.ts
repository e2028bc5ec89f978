import { createInterface } from "node:readline/promises";
import { noteLostEvents, openToolPlatform, readConfig } from "@taem/host";
import { describeDifference, type RebuildOutcome, rebuild, type TableChanges } from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";
import { ProgressBar } from "./progress-bar.ts";
import { projectionNamed } from "./projections.ts";

/** Exit code where the rebuilt tables are not as expected, so that a script can tell it from a failure to build. */
const DIFFERENT = 3;

interface Options {
  readonly expectChanges?: boolean;
  readonly yes?: boolean;
  readonly acceptLostEvents?: boolean;
}

/** `taem rebuild <projection>`: builds the tables anew beside the live ones, compares them, lets them take over. */
export function rebuildCommand(print: (line: string) => void): Command {
  return new Command("rebuild")
    .description(
      "build a projection's tables anew from the log, compare them row by row, and let them take over",
    )
    .argument("<projection>", "which one, e.g. ledger")
    .option("--expect-equal", "fail at the first row that differs; this is the default")
    .option("--expect-changes", "report what differs, ask, and take over")
    .option("--yes", "with --expect-changes: take over without asking")
    .option(
      "--accept-lost-events",
      "with --expect-changes: give up what the live tables had read and the log has lost for good; `verify` lists it ever after",
    )
    .action(async (name: string, options: Options) => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      const { database, store } = platform;
      const projection = projectionNamed(platform, name);
      const began = performance.now();
      using bar = new ProgressBar();
      const outcome = await rebuild({
        projection,
        database,
        store,
        expect: options.expectChanges ? "changes" : "equal",
        acceptLost: options.acceptLostEvents ? noteLostEvents : undefined,
        confirm: (changes) => confirm(changes, options.yes ?? false, print),
        onProgress: ({ phase, done, total }) => bar.show(phase, done, total ?? done),
      });
      bar.end();
      // Of accounts that the log has otherwise now.
      if (outcome.outcome === "taken_over" && outcome.lost !== undefined) await platform.snapshots.clear();
      report(outcome, (performance.now() - began) / 1000, print);
    });
}

function report(outcome: RebuildOutcome, seconds: number, print: (line: string) => void): void {
  const events = outcome.events.toLocaleString("en-US");
  const speed = Math.round(outcome.events / seconds).toLocaleString("en-US");
  print(`${events} events in ${seconds.toFixed(1)} s (${speed} events/s, with indexes and comparison)`);
  if (outcome.outcome === "different") {
    print(`first difference: ${describeDifference(outcome.difference)}`);
    print(
      "the live tables are as they were; where another version of the program was to make other rows, --expect-changes reports them and takes over; else find out why first",
    );
    process.exitCode = DIFFERENT;
  } else if (outcome.outcome === "declined") {
    print("the live tables are as they were");
    process.exitCode = DIFFERENT;
  } else {
    if (outcome.lost !== undefined) {
      const { projection, read, head } = outcome.lost;
      print(
        `${projection} had read up to ${read.position}, and the log ends at ${head || "its start"}: given up`,
      );
    }
    print("the rebuilt tables have taken over");
  }
}

async function confirm(
  changes: readonly TableChanges[],
  yes: boolean,
  print: (line: string) => void,
): Promise<boolean> {
  for (const { table, added, removed, changed } of changes) {
    print(`${table}: ${added} rows added, ${removed} removed, ${changed} changed`);
  }
  if (yes || changes.length === 0) return true;
  if (!process.stdin.isTTY) {
    print("nobody is there to be asked whether they may take over: `--yes` says so");
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Let the rebuilt tables take over? (yes/no) ");
  terminal.close();
  return answer.trim() === "yes";
}
