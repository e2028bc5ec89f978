import type { EventStore } from "@taem/event-store";
import { parkedOfProgramme } from "@taem/host";
import type { Queryable } from "@taem/postgres";
import { loadParked, schemaOf } from "@taem/processing";
import { membersProjection } from "./members-projection.ts";

const schema = schemaOf(membersProjection());

/** Above every id that is given. */
const AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff";

export interface ListedMember {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly enrolledAt: number;
}

/** Of a programme, the highest ids first, below one. */
export async function membersBefore(
  sql: Queryable,
  programme: string,
  limit: number,
  before = AFTER_ALL,
): Promise<readonly ListedMember[]> {
  const rows = await sql.queryArrays<[string, bigint]>(
    {
      name: `${schema}_before`,
      text: `SELECT member, enrolled_at FROM ${schema}.members
              WHERE programme = $1 AND member < $2 ORDER BY member DESC LIMIT $3`,
    },
    [programme, before, limit],
  );
  return rows.map(([id, enrolledAt]) => ({ id, enrolledAt: Number(enrolledAt) }));
}

/** How many members of a programme have no row, since their enrolment cannot be read. */
export async function countParkedMembers(
  sql: Queryable,
  store: Pick<EventStore, "read">,
  programme: string,
): Promise<number> {
  const streams = (await loadParked(sql, schema)).map(({ key }) => key);
  return (await parkedOfProgramme(store, streams, programme)).length;
}
