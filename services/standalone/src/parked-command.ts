import { loadParked, replayParked, schemaOf, versionOf } from "@taem/projection";
import { Command } from "commander";
import { readConfig } from "./config.ts";
import { openToolPlatform } from "./platform.ts";
import { projectionNamed, projectionsOf } from "./projections.ts";

/** Exit code where a stream is parked still. */
const STILL_PARKED = 3;

/** `taem parked list|replay`: streams that a read model could not go on with. */
export function parkedCommand(print: (line: string) => void): Command {
  const command = new Command("parked").description("streams that a read model could not go on with");
  command
    .command("list")
    .description("list them, with the event each stopped at and why")
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env));
      const { database } = platform;
      for (const projection of projectionsOf(platform)) {
        const schema = schemaOf(projection);
        // Nothing was ever projected here.
        if ((await versionOf(database, schema)) === undefined) continue;
        for (const { key, revision, position, error } of await loadParked(database, schema)) {
          print(`${projection.name}  ${key}  event ${revision} at ${position}  ${error}`);
        }
      }
    });
  command
    .command("replay")
    .description("take a stream up again, from the store")
    .argument("<projection>")
    .argument("<stream>")
    .action(async (name: string, stream: string) => {
      await using platform = await openToolPlatform(readConfig(process.env));
      const { database, store } = platform;
      const { events, parked } = await replayParked(database, store, projectionNamed(platform, name), stream);
      print(`${events.toLocaleString("en-US")} events of ${stream} are projected now`);
      if (parked === undefined) return;
      print(`it is parked still, at event ${parked.revision}: ${parked.error}`);
      process.exitCode = STILL_PARKED;
    });
  return command;
}
