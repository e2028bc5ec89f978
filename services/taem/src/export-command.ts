import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { EventStore } from "@taem/event-store";
import { openToolPlatform, type Platform, readConfig, readModelsOf } from "@taem/host";
import { SLICES } from "@taem/kernel";
import type { Database } from "@taem/postgres";
import { type Projection, schemaOf } from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";

const PAGE = 2_000;
/** Slices whose events are in memory at a time, one pass over the log for each such group. */
const SLICES_AT_ONCE = 8;

/** `taem export --canonical`: the log and the read models as sorted lines, so that two installations can be compared. */
export function exportCommand(): Command {
  return new Command("export")
    .description("write events and read models as sorted lines: slice by slice, each table by its key")
    .requiredOption("--canonical", "the one format there is: tab-separated, amounts as decimal strings")
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env), contexts);
      try {
        // Line by line, as fast as whoever reads takes them.
        await pipeline(Readable.from(canonicalLines(platform)), process.stdout, { end: false });
      } catch (error) {
        // Whoever read has seen enough.
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      }
    });
}

async function* canonicalLines(platform: Platform): AsyncGenerator<string> {
  const { store, database } = platform;
  for (let first = 0; first < SLICES; first += SLICES_AT_ONCE) {
    const slices = Array.from({ length: SLICES_AT_ONCE }, (_, i) => first + i);
    for (const [slice, lines] of await eventLines(store, slices)) {
      for (const line of lines) yield `${line}\n`;
      for (const projection of readModelsOf(platform)) {
        for await (const line of rowLines(database, projection, slice)) yield `${line}\n`;
      }
    }
  }
}

/** Events of each slice by stream and revision. */
async function eventLines(
  store: EventStore,
  slices: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const events = new Map(slices.map((slice): [number, EventLine[]] => [slice, []]));
  for (let after = ""; ; ) {
    const page = await store.readLog(after, PAGE, { slices });
    for (const { slice, stream, revision, type, data, meta } of page.events) {
      const line = ["event", slice, stream, revision, type, data, meta].join("\t");
      events.get(slice)?.push({ stream, revision, line });
    }
    if (page.events.length === 0) break;
    after = page.next;
  }
  const sorted = (lines: EventLine[]) =>
    lines.sort((a, b) => (a.stream === b.stream ? a.revision - b.revision : a.stream < b.stream ? -1 : 1));
  return new Map([...events].map(([slice, lines]) => [slice, sorted(lines).map(({ line }) => line)]));
}

interface EventLine {
  readonly stream: string;
  readonly revision: number;
  readonly line: string;
}

async function* rowLines(database: Database, projection: Projection, slice: number): AsyncGenerator<string> {
  for (const { name, key } of projection.tables) {
    const rows = await database.queryArrays<[string]>(
      `SELECT row_to_json(t)::text FROM ${schemaOf(projection)}.${name} t WHERE slice = $1 ORDER BY ${key.join(", ")}`,
      [slice],
    );
    for (const [row] of rows) yield [`${projection.name}.${name}`, slice, row].join("\t");
  }
}
