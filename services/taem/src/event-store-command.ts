import { restrictAccess } from "@taem/host";
import { Command } from "commander";

/** `taem event-store restrict`: who may do what to an EventStoreDB. */
export function eventStoreCommand(print: (line: string) => void): Command {
  const restrict = new Command("restrict")
    .description(
      "have EventStoreDB let one user append and read, and nobody but its administrators delete or hide; EVENTSTORE_URL is an administrator's",
    )
    .requiredOption("--user <name>", "the user that the services' EVENTSTORE_URL names; no administrator")
    .action(async ({ user }: { readonly user: string }) => {
      await restrictAccess(process.env, user);
      print(`${user} appends and reads, and only administrators delete or hide`);
    });
  return new Command("event-store").description("EventStoreDB's own rules").addCommand(restrict);
}
