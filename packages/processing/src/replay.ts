import type { EventStore, RecordedEvent } from "@taem/event-store";
import { type Database, type Queryable, Writes } from "@taem/postgres";
import { linkedEvent } from "./event-source.ts";
import { Folding } from "./folding.ts";
import type { Parked } from "./parking.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";

export interface Replayed {
  /** Events that are in the tables now. */
  readonly events: number;
  /** Where the stream is still parked, if it is. */
  readonly parked: Parked | undefined;
}

/**
 * Takes a parked stream up again, from the store: what can be projected by now is, up to its slice's checkpoint. Safe
 * beside running projectors. Throws `not_parked`.
 */
export async function replayParked(
  database: Database,
  store: Pick<EventStore, "readStream">,
  projection: Projection,
  key: string,
): Promise<Replayed> {
  const schema = schemaOf(projection);
  // What there is so far is read before the slice is locked: a long stream takes its time.
  const found = await findParked(database, schema, projection, key, "");
  const before = await recordsOf(store, found.parked, found.checkpoint);
  return await database.transaction(async (transaction) => {
    // So that no projector moves on meanwhile.
    const { parked, checkpoint } = await findParked(transaction, schema, projection, key, "FOR UPDATE");
    const isAsFound = parked.revision === found.parked.revision;
    const known = isAsFound ? before : [];
    const rest = { key, revision: parked.revision + known.length };
    const records = [...known, ...(await recordsOf(store, rest, checkpoint))];
    const folding = new Folding(projection);
    await folding.add(records.map(linkedEvent));
    await folding.fold.load?.(transaction, schema);
    const writes = new Writes();
    folding.fold.write(writes, schema);
    await transaction.write(writes);
    const [still] = folding.parked.values();
    await repark(transaction, schema, parked, still);
    const events = still === undefined ? records.length : still.revision - parked.revision;
    return { events, parked: still };
  });
}

/** Throws `not_parked`. */
async function findParked(
  sql: Queryable,
  schema: string,
  { name }: Projection,
  key: string,
  lock: "" | "FOR UPDATE",
): Promise<{ parked: Parked; checkpoint: string }> {
  const { rows } = await sql.query<Parked & { checkpoint: string }>(
    `SELECT p.slice, p.key, p.position, p.revision, p.error, c.position AS checkpoint
       FROM ${schema}.parked p JOIN ${schema}.checkpoints c USING (slice) WHERE p.key = $1 ${lock}`,
    [key],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new ProjectionError("not_parked", `${name} has not parked ${key}: see \`taem parked list\``);
  }
  const { checkpoint, ...parked } = row;
  return { parked, checkpoint };
}

async function recordsOf(
  store: Pick<EventStore, "readStream">,
  { key, revision }: Pick<Parked, "key" | "revision">,
  checkpoint: string,
): Promise<RecordedEvent[]> {
  const records: RecordedEvent[] = [];
  for await (const page of store.readStream(key, revision - 1)) {
    for (const record of page) if (record.position <= checkpoint) records.push(record);
  }
  return records;
}

async function repark(
  transaction: Queryable,
  schema: string,
  { slice, key }: Parked,
  still: Parked | undefined,
): Promise<void> {
  if (still !== undefined) {
    await transaction.query(
      `UPDATE ${schema}.parked SET position = $3, revision = $4, error = $5 WHERE slice = $1 AND key = $2`,
      [slice, key, still.position, still.revision, still.error],
    );
    return;
  }
  await transaction.query(`DELETE FROM ${schema}.parked WHERE slice = $1 AND key = $2`, [slice, key]);
  // A projector that still believes the stream parked meets a conflict here, and looks again.
  await transaction.query(`UPDATE ${schema}.checkpoints SET parked = parked - 1 WHERE slice = $1`, [slice]);
}
