import type { Queryable } from "@taem/postgres";
import { SCHEMA } from "./schema.ts";

/**
 * Lets a role append to the log and read it, and nothing else: called by the tables' owner, whenever they have been migrated. `role` is a
 * quoted identifier. Events come in by `append` alone, which runs as the owner: positions, times and seals are its own, and
 * there is no other way to write a row.
 */
export async function grantLog(sql: Queryable, role: string): Promise<void> {
  await sql.query(`
    REVOKE ALL ON ALL TABLES IN SCHEMA ${SCHEMA} FROM ${role};
    GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role};
    GRANT SELECT ON ${SCHEMA}.streams, ${SCHEMA}.events TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${SCHEMA}.snapshots TO ${role}`);
  const { rows } = await sql.query<{ append: string }>(
    `SELECT oid::regprocedure::text AS append FROM pg_proc
      WHERE pronamespace = '${SCHEMA}'::regnamespace AND proname = 'append'`,
  );
  for (const { append } of rows) {
    // What it calls is PostgreSQL's own, whatever the caller's search path offers in its place.
    await sql.query(`
      ALTER FUNCTION ${append} SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
      REVOKE ALL ON FUNCTION ${append} FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION ${append} TO ${role}`);
  }
}
