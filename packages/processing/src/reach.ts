import { type EventStore, type Position, START } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { areInLog, type Landmark } from "./landmark.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError } from "./projection-error.ts";
import { versionOf } from "./schema.ts";

/** How far a log was read, and the last event of it that is known by its id; none where an earlier program read it. */
export interface Reach {
  readonly position: Position;
  readonly landmark: Landmark | undefined;
}

/** Why what was read is not in the log. */
export interface Mismatch {
  readonly code: "checkpoint_beyond_head" | "checkpoint_not_in_log";
  /** Follows on who has read it. */
  readonly reason: string;
}

type Log = Pick<EventStore, "read" | "head">;

/** Compares what was read of a log with the log as it is now; undefined where it is the same. Two reads, however long it is. */
export async function findMismatch(store: Log, { position, landmark }: Reach): Promise<Mismatch | undefined> {
  if (position === START) return undefined;
  const head = await store.head();
  if (position > head) {
    const reason = `has read up to ${position}, but the log ends at ${head || "its start"}`;
    return { code: "checkpoint_beyond_head", reason };
  }
  if (landmark === undefined) return undefined;
  const [isThere] = await areInLog(store, [landmark]);
  if (isThere) return undefined;
  const event = `event ${landmark.revision} of ${landmark.stream} at ${landmark.position}`;
  const reason = `has read ${event}, and the log has another there or none: it was restored from an older backup, and has gone on`;
  return { code: "checkpoint_not_in_log", reason };
}

/** What the tables in a schema have read. Of tables that an earlier program made too, which kept no landmarks. */
export async function loadReach(sql: Queryable, schema: string): Promise<Reach> {
  const { rows } = await sql.query<{ position: Position; landmark: Landmark | null }>(
    `SELECT (SELECT max(position) FROM ${schema}.checkpoints) AS position,
            (SELECT to_jsonb(c) -> 'landmark' FROM ${schema}.checkpoints c
              WHERE to_jsonb(c) -> 'landmark' ->> 'position' IS NOT NULL
              ORDER BY to_jsonb(c) -> 'landmark' ->> 'position' COLLATE "C" DESC LIMIT 1) AS landmark`,
  );
  const [{ position, landmark }] = rows as [(typeof rows)[0]];
  return { position, landmark: landmark ?? undefined };
}

export interface Reader {
  readonly projection: Pick<Projection, "name">;
  readonly database: Queryable;
  readonly store: Log;
}

/** The refusal of a projection whose tables were made of another log than this one; undefined where they were not. */
export async function mismatchOf({
  projection,
  database,
  store,
}: Reader): Promise<ProjectionError | undefined> {
  const { name } = projection;
  const mismatch = await findMismatch(store, await loadReach(database, schemaOf(projection)));
  if (mismatch === undefined) return undefined;
  return new ProjectionError(
    mismatch.code,
    `${name} ${mismatch.reason}: restore the newest backup of the event store, or, if what is missing is lost for good, ` +
      `run \`taem rebuild ${name} --expect-changes --accept-lost-events\` with all services stopped`,
  );
}

/** Throws the refusal. A projection without tables has read nothing. */
export async function assertOfThisLog(reader: Reader): Promise<void> {
  if ((await versionOf(reader.database, schemaOf(reader.projection))) === undefined) return;
  const mismatch = await mismatchOf(reader);
  if (mismatch !== undefined) throw mismatch;
}
