import type { Queryable } from "@taem/postgres";
import { schemaOf } from "@taem/processing";
import { programmesProjection } from "./programmes-projection.ts";

const schema = schemaOf(programmesProjection());

/** Codes, in their order, after one; with `among` those alone, of which there is such a programme. */
export async function programmeCodes(
  sql: Queryable,
  among: readonly string[] | null,
  limit: number,
  after = "",
): Promise<string[]> {
  const rows = await sql.queryArrays<[string]>(
    `SELECT code FROM ${schema}.programmes
      WHERE code > $1 ${among === null ? "" : "AND code = ANY ($3)"} ORDER BY code LIMIT $2`,
    among === null ? [after, limit] : [after, limit, among],
  );
  return rows.map(([code]) => code);
}
