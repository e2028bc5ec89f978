import type { Queryable } from "@taem/postgres";
import { schemaOf } from "@taem/processing";
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
  const [made] = await sql.queryArrays<[boolean]>(`SELECT to_regclass('${schema}.people') IS NOT NULL`);
  if (made?.[0] !== true) return undefined;
  const there = `EXISTS (SELECT FROM ${schema}.roles r WHERE r.person = p.person AND r.programme = ANY ($3))`;
  const rows = await sql.queryArrays<[string]>(
    `SELECT person FROM ${schema}.people p
      WHERE person > $1 ${programmes === null ? "" : `AND ${there}`} ORDER BY person LIMIT $2`,
    programmes === null ? [after, limit] : [after, limit, programmes],
  );
  return rows.map(([person]) => person);
}
