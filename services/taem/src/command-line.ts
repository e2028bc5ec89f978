import { messageOf } from "@taem/host";
import { ConfigError } from "@taem/runtime";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { clientCommand } from "./client-command.ts";
import { contexts } from "./contexts.ts";
import { eventStoreCommand } from "./event-store-command.ts";
import { exportCommand } from "./export-command.ts";
import { importCommand } from "./import-command.ts";
import { keyCommand } from "./key-command.ts";
import { migrateCommand } from "./migrate-command.ts";
import { parkedCommand } from "./parked-command.ts";
import { personCommand } from "./person-command.ts";
import { rebuildCommand } from "./rebuild-command.ts";
import { startCommand } from "./start-command.ts";
import { verifyCommand } from "./verify-command.ts";

/** Exit code where the command line or the environment cannot be used as it is. */
const USAGE = 2;
/** Exit code of any other failure. */
const FAILED = 1;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const program = new Command("taem")
  .description("Taem, a points ledger")
  .addCommand(startCommand(print))
  .addCommand(importCommand())
  .addCommand(migrateCommand(print))
  .addCommand(verifyCommand(print))
  .addCommand(rebuildCommand(print))
  .addCommand(exportCommand())
  .addCommand(parkedCommand(print))
  .addCommand(clientCommand(print))
  .addCommand(keyCommand(print))
  .addCommand(personCommand(print))
  .addCommand(eventStoreCommand(print));

throwInsteadOfExit(program);
try {
  await program.parseAsync();
} catch (error) {
  // What commander found in the command line itself it has said already.
  if (!(error instanceof CommanderError) || error instanceof InvalidArgumentError) {
    process.stderr.write(`taem: ${messageOf(error, contexts)}\n`);
  }
  process.exitCode = exitCodeOf(error);
}

/** Commands do not hand this down to those that are added to them. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const subcommand of command.commands) throwInsteadOfExit(subcommand);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return USAGE;
  if (!(error instanceof CommanderError)) return FAILED;
  // Asked for help or for the version.
  return error.exitCode === 0 ? 0 : USAGE;
}
