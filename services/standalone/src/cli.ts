import { Command } from "commander";
import { exportCommand } from "./export-command.ts";
import { importCommand } from "./import-command.ts";
import { keyCommand } from "./key-command.ts";
import { parkedCommand } from "./parked-command.ts";
import { rebuildCommand } from "./rebuild-command.ts";
import { startCommand } from "./start-command.ts";
import { verifyCommand } from "./verify-command.ts";

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const program = new Command("taem")
  .description("Taem, a points ledger")
  .addCommand(startCommand(print))
  .addCommand(importCommand())
  .addCommand(verifyCommand(print))
  .addCommand(rebuildCommand(print))
  .addCommand(exportCommand())
  .addCommand(parkedCommand(print))
  .addCommand(keyCommand(print));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`taem: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
