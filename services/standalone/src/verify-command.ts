import { LedgerDisagrees, verifyLedger } from "@taem/ledger";
import { Command } from "commander";
import { readConfig } from "./config.ts";
import { openToolPlatform } from "./platform.ts";
import { ProgressBar } from "./progress-bar.ts";

/** Exit code where the ledger disagrees with itself, so that a script can tell it from a failure to look. */
const DISAGREES = 3;

/** `taem verify`: the log against its digests, and the read models against the log. */
export function verifyCommand(print: (line: string) => void): Command {
  return new Command("verify")
    .description(
      "recompute every balance three ways and check every stored event; fails with the first difference",
    )
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env));
      const { database, store } = platform;
      try {
        using bar = new ProgressBar();
        const { events, accounts, foldSeconds } = await verifyLedger({
          database,
          store,
          onProgress: ({ phase, done, total }) => bar.show(phase, done, total),
        });
        bar[Symbol.dispose]();
        print(
          `${count(events)} events of ${count(accounts)} accounts agree with the read models and with their digests`,
        );
        print(`folded at ${count(Math.round(events / Math.max(foldSeconds, 0.001)))} events/s`);
      } catch (error) {
        if (!(error instanceof LedgerDisagrees)) throw error;
        print(`the ledger disagrees: ${error.message}`);
        process.exitCode = DISAGREES;
      }
    });
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
