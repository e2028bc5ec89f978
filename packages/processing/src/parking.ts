import type { Position } from "@taem/event-store";
import type { Queryable, Writes } from "@taem/postgres";
import type { EventRecord } from "./event-source.ts";

/** A stream that a projection cannot go on with: from `position` on, its events are not in the tables. */
export interface Parked {
  readonly slice: number;
  /** The stream's name: order matters within it, so what follows the failed event waits behind it. */
  readonly key: string;
  readonly position: Position;
  readonly revision: number;
  readonly error: string;
}

export function parkedAt({ slice, stream, position, revision }: EventRecord, error: unknown): Parked {
  return { slice, key: stream, position, revision, error: describe(error) };
}

/** One line: the same event fails with the same words in every build. */
function describe(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return `${name}: ${message}`.replaceAll(/\s+/g, " ").slice(0, 500);
}

export async function loadParked(sql: Queryable, schema: string): Promise<Parked[]> {
  const { rows } = await sql.query<Parked>(
    `SELECT slice, key, position, revision, error FROM ${schema}.parked ORDER BY position`,
  );
  return rows;
}

export function insertParked(writes: Writes, schema: string, parked: readonly Parked[]): void {
  for (const { slice, key, position, revision, error } of parked) {
    writes.run(
      `INSERT INTO ${schema}.parked (slice, key, position, revision, error) VALUES ($1, $2, $3, $4, $5)`,
      [slice, key, position, revision, error],
    );
  }
}
