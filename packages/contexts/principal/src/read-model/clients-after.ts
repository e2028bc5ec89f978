import type { Queryable } from "@taem/postgres";
import { schemaOf, versionOf } from "@taem/processing";
import { clientsProjection } from "./clients-projection.ts";

const schema = schemaOf(clientsProjection());

/**
 * Ids of clients, in their order, after one: of programmes by their codes, or, with null, of the whole installation and all that
 * are bound to one. Undefined where nobody has projected them yet.
 */
export async function clientsAfter(
  sql: Queryable,
  programmes: readonly string[] | null,
  limit: number,
  after = "",
): Promise<readonly string[] | undefined> {
  if ((await versionOf(sql, schema)) === undefined) return undefined;
  const rows = await sql.queryArrays<[string]>(
    `SELECT client FROM ${schema}.clients
      WHERE client > $1 ${programmes === null ? "" : "AND programme = ANY ($3)"} ORDER BY client LIMIT $2`,
    programmes === null ? [after, limit] : [after, limit, programmes],
  );
  return rows.map(([client]) => client);
}
