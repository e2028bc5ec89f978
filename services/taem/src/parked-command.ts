import { openToolPlatform, projectionsOf, readConfig } from "@taem/host";
import type { Database } from "@taem/postgres";
import {
  heldMessages,
  loadParked,
  nameOfQueue,
  QUEUE_TABLES,
  type Replayed,
  replayMessage,
  replayParked,
  schemaOf,
  versionOf,
} from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";
import { projectionNamed } from "./projections.ts";

/** Exit code where a stream is parked still. */
const STILL_PARKED = 3;

/** `taem parked list|replay`: what could not be gone on with, by a projection or by who delivers messages. */
export function parkedCommand(print: (line: string) => void): Command {
  const command = new Command("parked").description(
    "streams that a projection, and messages that a queue could not go on with",
  );
  command
    .command("list")
    .description("list them: streams with the event each stopped at, messages by their keys, and why")
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      const { database } = platform;
      let held = 0;
      for (const projection of projectionsOf(platform)) {
        const schema = schemaOf(projection);
        // Nothing was ever projected here.
        if ((await versionOf(database, schema)) === undefined) continue;
        for (const { key, revision, position, error } of await loadParked(database, schema)) {
          held++;
          print(plain(`${projection.name}  ${key}  event ${revision} at ${position}  ${error}`));
        }
      }
      for (const table of QUEUE_TABLES) {
        for await (const message of heldMessages(database, table)) {
          const { key, type, state, attempts, error } = message;
          held++;
          const tried = attempts === 1 ? "once" : `${attempts} times`;
          const line = `${nameOfQueue(message)}  ${key}  ${type} ${state}, tried ${tried}  ${error ?? ""}`;
          print(plain(line.trimEnd()));
        }
      }
      if (held === 0) print("nothing is parked");
    });
  command
    .command("replay")
    .description("take a stream up again, from the store; or have a message delivered again")
    .argument("<where>", "as it is listed: a projection, or outbox:<name>, or inbox:<name>")
    .argument("<key>", "the stream, or the message's key")
    .action(async (where: string, key: string) => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      const { database, store } = platform;
      if (await replayOfQueue(database, where, key, print)) return;
      const projection = projectionNamed(platform, where);
      let replayed: Replayed;
      try {
        replayed = await replayParked(database, store, projection, key);
      } catch (error) {
        if (!isOfData(error)) throw error;
        print(`it is parked still, and nothing of it is projected: ${error.message}`);
        process.exitCode = STILL_PARKED;
        return;
      }
      const { events, parked } = replayed;
      print(`${events.toLocaleString("en-US")} events of ${key} are projected now`);
      if (parked === undefined) return;
      print(`it is parked still, at event ${parked.revision}: ${parked.error}`);
      process.exitCode = STILL_PARKED;
    });
  return command;
}

/** One line, whatever somebody has written into the tables. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** Whether what is to be replayed is a message, and not a stream. */
async function replayOfQueue(
  database: Database,
  where: string,
  key: string,
  print: (line: string) => void,
): Promise<boolean> {
  const table = QUEUE_TABLES.find((one) => where.startsWith(`${one}:`));
  if (table === undefined) return false;
  const isThere = await replayMessage(database, table, where.slice(table.length + 1), key);
  if (!isThere) throw new Error(`${where} holds no message ${key}`);
  print(`${plain(key)} is to be delivered now`);
  return true;
}

/** Whether PostgreSQL refuses the rows, as those of a stream that does not fit what is there. */
function isOfData(error: unknown): error is Error {
  return error instanceof Error && /^2[23]/.test((error as { code?: string }).code ?? "");
}
