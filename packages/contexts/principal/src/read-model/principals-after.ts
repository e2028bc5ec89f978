import type { Queryable } from "@taem/postgres";
import { schemaOf, versionOf } from "@taem/processing";
import { clientsProjection } from "./clients-projection.ts";
import { peopleProjection } from "./people-projection.ts";

/**
 * Ids of principals, in their order, after one: of the programmes by their codes, or, with null, of the whole installation and
 * of all programmes. Undefined where nobody has projected them yet.
 */
export type PrincipalsAfter = (
  sql: Queryable,
  programmes: readonly string[] | null,
  limit: number,
  after?: string,
) => Promise<readonly string[] | undefined>;

const clients = schemaOf(clientsProjection());
const people = schemaOf(peopleProjection());

/** A client is of the programme that it is bound to. */
export const clientsAfter = idsAfter(clients, "clients", "client", "programme = ANY ($3)");

/** A person is of every programme that they hold a role in. */
export const peopleAfter = idsAfter(
  people,
  "people",
  "person",
  `EXISTS (SELECT FROM ${people}.roles r WHERE r.person = p.person AND r.programme = ANY ($3))`,
);

/** `isThere` is of a row `p`, and of programmes as the third parameter. */
function idsAfter(schema: string, table: string, id: string, isThere: string): PrincipalsAfter {
  return async (sql, programmes, limit, after = "") => {
    if ((await versionOf(sql, schema)) === undefined) return undefined;
    const rows = await sql.queryArrays<[string]>(
      `SELECT ${id} FROM ${schema}.${table} p
        WHERE ${id} > $1 ${programmes === null ? "" : `AND ${isThere}`} ORDER BY ${id} LIMIT $2`,
      programmes === null ? [after, limit] : [after, limit, programmes],
    );
    return rows.map(([found]) => found);
  };
}
