import type { Queryable } from "@taem/postgres";
import { SCHEMA } from "../read-model/schema.ts";

/** Rows of the registers of what there is, in the order of their keys, from a place on. */

/** Codes, in their order; with `among` those alone, of which there is such a programme. */
export async function programmeCodes(
  sql: Queryable,
  among: readonly string[] | null,
  limit: number,
  after = "",
): Promise<string[]> {
  const rows = await sql.queryArrays<[string]>(
    `SELECT code FROM ${SCHEMA}.programmes
      WHERE code > $1 ${among === null ? "" : "AND code = ANY ($3)"} ORDER BY code LIMIT $2`,
    among === null ? [after, limit] : [after, limit, among],
  );
  return rows.map(([code]) => code);
}

/** Above every id that is given. */
const AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff";

export type MemberRow = readonly [member: string, enrolledAt: bigint];

/** Of a programme, the highest ids first. */
export function membersBefore(
  sql: Queryable,
  programme: string,
  limit: number,
  before = AFTER_ALL,
): Promise<MemberRow[]> {
  return sql.queryArrays<[string, bigint]>(
    {
      name: `${SCHEMA}_members`,
      text: `SELECT member, enrolled_at FROM ${SCHEMA}.members
              WHERE programme = $1 AND member < $2 ORDER BY member DESC LIMIT $3`,
    },
    [programme, before, limit],
  );
}

/**
 * Ids of clients, in their order: of programmes by their codes, or, with null, of the whole installation and all that are
 * bound to one. Undefined where no ledger has made the register yet.
 */
export async function clientsAfter(
  sql: Queryable,
  programmes: readonly string[] | null,
  limit: number,
  after = "",
): Promise<readonly string[] | undefined> {
  const [made] = await sql.queryArrays<[boolean]>(`SELECT to_regclass('${SCHEMA}.clients') IS NOT NULL`);
  if (made?.[0] !== true) return undefined;
  const rows = await sql.queryArrays<[string]>(
    `SELECT client FROM ${SCHEMA}.clients
      WHERE client > $1 ${programmes === null ? "" : "AND programme = ANY ($3)"} ORDER BY client LIMIT $2`,
    programmes === null ? [after, limit] : [after, limit, programmes],
  );
  return rows.map(([client]) => client);
}
