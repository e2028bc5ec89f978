import { migrateDatabase, readConfig } from "@taem/host";
import { Command } from "commander";
import { contexts } from "./contexts.ts";

/** `taem migrate`: what every start does first, for installations whose services may not make tables. */
export function migrateCommand(print: (line: string) => void): Command {
  return new Command("migrate")
    .description(
      "make what the database lacks of this version, as the role of TAEM_MIGRATION_URL where it is set, and give that of DATABASE_URL what it needs",
    )
    .action(async () => {
      await migrateDatabase(readConfig(process.env), contexts);
      print("the database is up to date");
    });
}
