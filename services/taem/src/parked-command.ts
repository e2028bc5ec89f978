import { openToolPlatform, projectionsOf, readConfig } from "@taem/host";
import { loadParked, type Replayed, replayParked, schemaOf, versionOf } from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";
import { projectionNamed } from "./projections.ts";

/** Exit code where a stream is parked still. */
const STILL_PARKED = 3;

/** `taem parked list|replay`: streams that a read model could not go on with. */
export function parkedCommand(print: (line: string) => void): Command {
  const command = new Command("parked").description("streams that a read model could not go on with");
  command
    .command("list")
    .description("list them, with the event each stopped at and why")
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      const { database } = platform;
      let parked = 0;
      for (const projection of projectionsOf(platform)) {
        const schema = schemaOf(projection);
        // Nothing was ever projected here.
        if ((await versionOf(database, schema)) === undefined) continue;
        for (const { key, revision, position, error } of await loadParked(database, schema)) {
          parked++;
          print(`${projection.name}  ${key}  event ${revision} at ${position}  ${error}`);
        }
      }
      if (parked === 0) print("nothing is parked");
    });
  command
    .command("replay")
    .description("take a stream up again, from the store")
    .argument("<projection>")
    .argument("<stream>")
    .action(async (name: string, stream: string) => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      const { database, store } = platform;
      const projection = projectionNamed(platform, name);
      let replayed: Replayed;
      try {
        replayed = await replayParked(database, store, projection, stream);
      } catch (error) {
        if (!isOfData(error)) throw error;
        print(`it is parked still, and nothing of it is projected: ${error.message}`);
        process.exitCode = STILL_PARKED;
        return;
      }
      const { events, parked } = replayed;
      print(`${events.toLocaleString("en-US")} events of ${stream} are projected now`);
      if (parked === undefined) return;
      print(`it is parked still, at event ${parked.revision}: ${parked.error}`);
      process.exitCode = STILL_PARKED;
    });
  return command;
}

/** Whether PostgreSQL refuses the rows, as those of a stream that does not fit what is there. */
function isOfData(error: unknown): error is Error {
  return error instanceof Error && /^2[23]/.test((error as { code?: string }).code ?? "");
}
