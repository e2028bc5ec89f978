import type { Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import type { LostEvents } from "@taem/processing";

const TABLE = "taem_installation.lost_events";

export const lostEventsTable = `
  CREATE TABLE ${TABLE} (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection  text NOT NULL,
    read_to     text COLLATE "C" NOT NULL,
    landmark    jsonb,
    head        text COLLATE "C" NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now()
  );
  COMMENT ON TABLE ${TABLE} IS 'events that a projection had read and the log has lost, which an operator has accepted';
  COMMENT ON COLUMN ${TABLE}.landmark IS 'the last of them that was known by its id';
  COMMENT ON COLUMN ${TABLE}.head IS 'where the log ended then';`;

/** Lost events, and when an operator has accepted that they are. */
export interface AcceptedLoss {
  readonly projection: string;
  readonly readTo: Position;
  readonly head: Position;
  /** RFC 3339, by the database's clock. */
  readonly acceptedAt: string;
}

/** In the transaction that gives them up. */
export async function noteLostEvents(
  transaction: Queryable,
  { projection, read: { position, landmark }, head }: LostEvents,
): Promise<void> {
  await transaction.query(
    `INSERT INTO ${TABLE} (projection, read_to, landmark, head) VALUES ($1, $2, $3::jsonb, $4)`,
    [projection, position, landmark === undefined ? null : JSON.stringify(landmark), head],
  );
}

export async function acceptedLosses(sql: Queryable): Promise<readonly AcceptedLoss[]> {
  const { rows } = await sql.query<AcceptedLoss>(
    `SELECT projection, read_to AS "readTo", head,
            to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "acceptedAt"
       FROM ${TABLE} ORDER BY id`,
  );
  return rows;
}
