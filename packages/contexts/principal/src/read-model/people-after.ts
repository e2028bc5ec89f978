import type { Queryable } from "@taem/postgres";
import { schemaOf, versionOf } from "@taem/processing";
import { peopleProjection } from "./people-projection.ts";

const schema = schemaOf(peopleProjection());

/**
 * Ids of people, in their order, after one: of those who hold a role in the programmes, or, with null, of all. Undefined where
 * nobody has projected them yet.
 */
export async function peopleAfter(
  sql: Queryable,
  programmes: readonly string[] | null,
  limit: number,
  after = "",
): Promise<readonly string[] | undefined> {
  if ((await versionOf(sql, schema)) === undefined) return undefined;
  const there = `EXISTS (SELECT FROM ${schema}.roles r WHERE r.person = p.person AND r.programme = ANY ($3))`;
  const rows = await sql.queryArrays<[string]>(
    `SELECT person FROM ${schema}.people p
      WHERE person > $1 ${programmes === null ? "" : `AND ${there}`} ORDER BY person LIMIT $2`,
    programmes === null ? [after, limit] : [after, limit, programmes],
  );
  return rows.map(([person]) => person);
}
