import type { Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import type { Link } from "./event-source.ts";

/** By slice: the position up to which everything is in the tables. */
export type Checkpoints = Map<number, Position>;

export async function loadCheckpoints(sql: Queryable, schema: string): Promise<Checkpoints> {
  const rows = await sql.queryArrays<[slice: number, position: Position]>({
    name: `${schema}_checkpoints`,
    text: `SELECT slice, position FROM ${schema}.checkpoints`,
  });
  return new Map(rows);
}

/** Someone else has moved a checkpoint: what was to be written may be there already. */
export class CheckpointConflict extends Error {
  readonly code = "checkpoint_conflict";
  constructor() {
    super("a checkpoint is not where this projector left it: another one has written");
    this.name = "CheckpointConflict";
  }
}

/**
 * Moves the checkpoints from where the links were judged to the end of the links, compare-and-set. Throws
 * `CheckpointConflict` when one of them has moved.
 */
export async function advance(
  transaction: Queryable,
  schema: string,
  from: ReadonlyMap<number, Position>,
  links: readonly Link[],
): Promise<void> {
  const moves = movesOf(links);
  const slices = [...moves.keys()];
  const { rowCount } = await transaction.query(
    {
      name: `${schema}_advance`,
      text: `UPDATE ${schema}.checkpoints c
                SET position = m.position, events = c.events + m.events
               FROM unnest($1::smallint[], $2::text[], $3::text[], $4::int[]) AS m (slice, expected, position, events)
              WHERE c.slice = m.slice AND c.position = m.expected`,
    },
    [
      slices,
      slices.map((slice) => from.get(slice)),
      slices.map((slice) => moves.get(slice)?.position),
      slices.map((slice) => moves.get(slice)?.events),
    ],
  );
  if (rowCount !== slices.length) throw new CheckpointConflict();
}

function movesOf(links: readonly Link[]): Map<number, { position: Position; events: number }> {
  const moves = new Map<number, { position: Position; events: number }>();
  for (const { slice, position, event } of links) {
    const move = moves.get(slice);
    const count = event === undefined ? 0 : 1;
    if (move === undefined) moves.set(slice, { position, events: count });
    else {
      move.position = position;
      move.events += count;
    }
  }
  return moves;
}
