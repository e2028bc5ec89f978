import type { LogDamage, Position, RecordedEvent } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { eventDigest, sealOf } from "./event-digest.ts";
import { type EventRow, fromPosition, LOG_COLUMNS, toEvent, toPosition } from "./event-rows.ts";
import { SCHEMA } from "./schema.ts";
import { StreamNames } from "./stream-names.ts";

const PAGE = {
  name: `${SCHEMA}_verify_page`,
  text: `SELECT ${LOG_COLUMNS}, encode(e.digest, 'hex')
           FROM ${SCHEMA}.events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`,
};

type DigestRow = readonly [...EventRow, digest: string];

export interface VerifiedPage {
  /** The events found good, up to the first damage. */
  readonly events: readonly RecordedEvent[];
  /** Where to go on; what was asked for when there is nothing more. */
  readonly next: Position;
  readonly damage: LogDamage | undefined;
}

/** Reads a page of the log and compares every event with its digest: what its writer made, sealed at the append. */
export async function verifyPage(database: Queryable, after: Position, limit: number): Promise<VerifiedPage> {
  const rows = await database.queryArrays<DigestRow>(PAGE, [fromPosition(after), limit]);
  // Looked up again for every page: nothing that was read before is taken for granted here.
  const names = await new StreamNames().of(database, rows as unknown as EventRow[]);
  const events: RecordedEvent[] = [];
  let next = after;
  for (const row of rows) {
    const position = fromPosition(next) + 1n;
    const expected = toPosition(position);
    const event = toEvent(row as unknown as EventRow, names.get(row[1]) ?? "");
    if (event.position !== expected) return { events, next, damage: { kind: "missing", position: expected } };
    const digest = eventDigest(event.stream, event.revision, event);
    if (sealOf(digest, position, event.recordedAt) !== row[9]) {
      return { events, next, damage: { kind: "altered", position: expected, event } };
    }
    events.push(event);
    next = event.position;
  }
  return { events, next, damage: undefined };
}
