import { openToolPlatform, readConfig, whoReadAnotherLog } from "@taem/host";
import { verifyLedger } from "@taem/ledger";
import type { Parked } from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";
import { ProgressBar } from "./progress-bar.ts";

/** Exit code where the ledger disagrees with itself, so that a script can tell it from a failure to look. */
const DISAGREES = 3;

/** `taem verify`: the log against its digests, and the read models against the log. */
export function verifyCommand(print: (line: string) => void): Command {
  return new Command("verify")
    .description(
      "recompute every balance three ways and check every stored event; fails with the first difference; lists what is parked",
    )
    .action(async () => {
      const config = readConfig(process.env);
      await using platform = await openToolPlatform(config, contexts);
      const astray = await whoReadAnotherLog(platform, config);
      if (astray !== undefined) {
        process.exitCode = DISAGREES;
        // Against rows of what the log has not, no comparison says anything.
        print(`the log disagrees: checkpoint, ${astray.message} (${astray.code})`);
        return;
      }
      const began = performance.now();
      using bar = new ProgressBar();
      const verification = await verifyLedger({
        ...platform,
        onProgress: ({ phase, done, total }) => bar.show(phase, done, total),
      });
      bar.end();
      if (!verification.ok) process.exitCode = DISAGREES;
      if (verification.ok || verification.discrepancy === undefined) {
        const { events, accounts, position } = verification;
        const speed = count(Math.round((1000 * events) / (performance.now() - began)));
        print(
          `${count(events)} events of ${count(accounts)} accounts agree with the read models, up to ${position}`,
        );
        print(`${speed} events/s, comparison included`);
        const head = await platform.store.head();
        if (head > position)
          print(`the log goes on to ${head}: what the read models have not read yet was not looked at`);
        if (!verification.ok) printParked(verification.parked, print);
      } else {
        const { check, where, expected, actual } = verification.discrepancy;
        print(`the ledger disagrees: ${check}, ${where}: expected ${expected}, found ${actual}`);
      }
    });
}

function printParked(parked: readonly Parked[], print: (line: string) => void): void {
  print(`${count(parked.length)} streams are parked, and what is parked of them is in no read model:`);
  for (const { key, revision, position, error } of parked)
    print(`  ${key} from event ${revision} at ${position}: ${error}`);
  print("mend the cause, then `taem parked replay`");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
