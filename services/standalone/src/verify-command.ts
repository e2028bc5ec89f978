import { verifyLedger } from "@taem/ledger";
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
      const began = performance.now();
      using bar = new ProgressBar();
      const verification = await verifyLedger({
        ...platform,
        onProgress: ({ phase, done, total }) => bar.show(phase, done, total),
      });
      bar.end();
      if (verification.ok) {
        const { events, accounts, position } = verification;
        const speed = count(Math.round((1000 * events) / (performance.now() - began)));
        print(
          `${count(events)} events of ${count(accounts)} accounts agree with the read models, up to ${position}`,
        );
        print(`${speed} events/s, comparison included`);
      } else {
        const { check, where, expected, actual } = verification.discrepancy;
        print(`the ledger disagrees: ${check}, ${where}: expected ${expected}, found ${actual}`);
        process.exitCode = DISAGREES;
      }
    });
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
