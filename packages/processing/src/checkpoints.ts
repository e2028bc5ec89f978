import type { Position } from "@taem/event-store";
import { invariant, SLICES } from "@taem/kernel";
import { int4Array, type Queryable, textArray, type Writes } from "@taem/postgres";
import { type Link, landmarkAt } from "./event-source.ts";
import type { Landmark } from "./landmark.ts";
import type { Parked } from "./parking.ts";

/** By slice: the position up to which everything is in the tables. */
export type Checkpoints = Map<number, Position>;

export async function loadCheckpoints(sql: Queryable, schema: string): Promise<Checkpoints> {
  const rows = await sql.queryArrays<[slice: number, position: Position]>({
    name: `${schema}_checkpoints`,
    text: `SELECT slice, position FROM ${schema}.checkpoints`,
  });
  // Of a slice without one, everything would be read and folded again.
  invariant(rows.length === SLICES, () => `${schema} has a checkpoint for each slice, not ${rows.length}`);
  return new Map(rows);
}

/** How many events the tables in a schema have. */
export async function countProjected(sql: Queryable, schema: string): Promise<number> {
  const [row] = await sql.queryArrays<[string]>(`SELECT sum(events) FROM ${schema}.checkpoints`);
  return Number(row?.[0]);
}

/** Someone else has moved a checkpoint or replayed what was parked: what was to be written may be there already. */
export class CheckpointConflict extends Error {
  readonly code = "checkpoint_conflict";
  constructor() {
    super("a checkpoint is not where this projector left it: someone else has written");
    this.name = "CheckpointConflict";
  }
}

/** What a batch does to the checkpoint of one slice. */
export interface Advance {
  readonly slice: number;
  readonly from: Position;
  to: Position;
  /** The last event that the batch says by its id, of whatever slice. */
  landmark: Landmark | undefined;
  events: number;
  /** Parked streams of the slice before, and how many the batch adds. */
  wereParked: number;
  parked: number;
}

/**
 * Moves checkpoints, compare-and-set: all fails with `CheckpointConflict` when one of them is not where it was, or when tables
 * of another version have taken the place of those that `version` writes.
 */
export function advance(writes: Writes, schema: string, version: number, advances: readonly Advance[]): void {
  writes.run(
    {
      name: `${schema}_advance`,
      text: `UPDATE ${schema}.checkpoints c
                SET position = m.position, landmark = coalesce(nullif(m.landmark, '')::jsonb, c.landmark), events = c.events + m.events, parked = c.parked + m.parked
               FROM unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::text[])
                 AS m (slice, expected, position, events, were_parked, parked, landmark)
              WHERE c.slice = m.slice AND c.position = m.expected AND c.parked = m.were_parked
                AND EXISTS (SELECT FROM ${schema}.definition d WHERE d.version = $8)`,
    },
    [
      int4Array(advances.map(({ slice }) => slice)),
      textArray(advances.map(({ from }) => from)),
      textArray(advances.map(({ to }) => to)),
      int4Array(advances.map(({ events }) => events)),
      int4Array(advances.map(({ wereParked }) => wereParked)),
      int4Array(advances.map(({ parked }) => parked)),
      textArray(advances.map(({ landmark }) => (landmark === undefined ? "" : JSON.stringify(landmark)))),
      version,
    ],
    { rows: advances.length, otherwise: () => new CheckpointConflict() },
  );
}

/**
 * Ends the transactions of others that hold checkpoints and whose process has fallen silent within a COPY: the one state
 * in which no time limit of the server's is minded. Returns how many.
 */
export async function endSilentWriters(sql: Queryable, schema: string): Promise<number> {
  const { rowCount } = await sql.query(
    `SELECT pg_terminate_backend(a.pid)
       FROM pg_stat_activity a
       JOIN pg_locks l ON l.pid = a.pid AND l.granted AND l.relation = '${schema}.checkpoints'::regclass
        AND l.mode = 'RowExclusiveLock' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      WHERE a.pid <> pg_backend_pid() AND a.usename = current_user AND a.state = 'active'
        AND a.wait_event = 'ClientRead' AND a.query_start < clock_timestamp() - interval '10 seconds'`,
  );
  return rowCount;
}

/** Adds up what links, and the streams parked among them, do to the checkpoints. */
export class Advances {
  readonly #from: ReadonlyMap<number, Position>;
  readonly #advances = new Map<number, Advance>();

  constructor(from: ReadonlyMap<number, Position>) {
    this.#from = from;
  }

  add(links: readonly Link[]): this {
    for (const link of links) {
      const { slice, position, event } = link;
      const advance = this.#advances.get(slice) ?? this.#begin(slice);
      // A row is folded from every event once and in order, or it is wrong and looks right.
      invariant(position > advance.to, () => `slice ${slice} goes on from ${advance.to}, not to ${position}`);
      advance.to = position;
      advance.landmark = landmarkAt(link) ?? advance.landmark;
      if (event !== undefined) advance.events++;
    }
    return this;
  }

  /** `parked` by these links, beside the streams that were parked before. */
  all(parked: Iterable<Parked>, before: Iterable<Parked>): Advance[] {
    for (const { slice } of before) {
      const advance = this.#advances.get(slice);
      if (advance !== undefined) advance.wereParked++;
    }
    for (const { key, slice } of parked) {
      const advance = this.#advances.get(slice);
      invariant(advance, () => `${key} is parked by an event of slice ${slice}`);
      advance.parked++;
    }
    return [...this.#advances.values()];
  }

  #begin(slice: number): Advance {
    const from = this.#from.get(slice) ?? "";
    const advance = { slice, from, to: from, landmark: undefined, events: 0, wereParked: 0, parked: 0 };
    this.#advances.set(slice, advance);
    return advance;
  }
}
