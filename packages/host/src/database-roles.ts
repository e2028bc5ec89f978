import type { Database, Queryable } from "@taem/postgres";
import { schemaOf } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import type { AnyContext } from "./context.ts";
import { projectionNames } from "./contexts.ts";
import type { EventStoreKind } from "./installation.ts";

/** insufficient_privilege */
const FORBIDDEN = "42501";

/**
 * Throws `roles_not_apart` where the role of `database` could do what only the owner of the tables is to do: change the log, take its
 * triggers away, or give itself the right to.
 */
export async function assertRolesApart(owner: Queryable, database: Queryable): Promise<void> {
  const role = await roleOf(database);
  const { rows } = await owner.query<{ owner: string; reason: string | null }>(
    `SELECT current_user AS owner, CASE
              WHEN rolname = current_user THEN 'is the role of TAEM_MIGRATION_URL'
              WHEN rolsuper THEN 'is a superuser'
              WHEN pg_has_role(oid, current_user, 'MEMBER') THEN 'is a member of ' || current_user
              WHEN EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND datdba = r.oid)
                THEN 'owns the database'
              WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = ANY ($2) AND nspowner = r.oid)
                THEN 'owns tables of the program'
            END AS reason
       FROM pg_roles r WHERE rolname = $1`,
    [role, ["taem_store", "taem_installation"]],
  );
  const reason = rows[0]?.reason;
  if (reason === null) return;
  throw new OperatorError(
    "roles_not_apart",
    `${role}, the role of DATABASE_URL, ${reason ?? "is none of the database of TAEM_MIGRATION_URL"}, and so could change the ` +
      "log: give DATABASE_URL a role of its own, which owns nothing",
  );
}

/**
 * Gives the role of `database` what the program needs, and no more: to read the log and append to it; to work in the tables beside it;
 * and what is made of the log for its own, which a rebuild makes anew in a schema beside and puts in its place. Called by
 * the owner of the tables, whenever they have been migrated. Throws `migration_role_too_weak`.
 */
export async function grantTables(
  owner: Database,
  database: Queryable,
  contexts: readonly AnyContext[],
  eventStore: EventStoreKind,
): Promise<void> {
  const role = await roleOf(database);
  try {
    await owner.transaction(async (sql) => {
      const quoted = await quotedBy(sql, role);
      await grantDatabase(sql, quoted);
      await assertMakesSchemas(sql, role);
      if (eventStore === "PostgreSQL") {
        const { grantLog } = await import("@taem/event-store-postgres");
        await grantLog(sql, quoted);
      }
      const readModels = projectionNames(contexts).map((name) => schemaOf({ name }));
      for (const schema of await ownSchemas(sql)) {
        const isReadModel = readModels.some((name) => schema === name || schema.startsWith(`${name}_`));
        if (isReadModel) await handOver(sql, schema, quoted);
        else if (schema !== "taem_store") await grantRows(sql, schema, quoted);
      }
    });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== FORBIDDEN) throw error;
    throw tooWeak(role, (error as Error).message, error);
  }
}

/** A schema is made, and renamed, by whoever may make one in the database. */
async function grantDatabase(sql: Queryable, role: string): Promise<void> {
  const { rows } = await sql.query<{ database: string }>(
    "SELECT quote_ident(current_database()) AS database",
  );
  await sql.query(`
    GRANT CONNECT, CREATE ON DATABASE ${rows[0]?.database} TO ${role};
    GRANT SELECT ON taem_migrations TO ${role}`);
}

/** Whoever has no right to give gives nothing, and PostgreSQL only warns. */
async function assertMakesSchemas(sql: Queryable, role: string): Promise<void> {
  const { rows } = await sql.query<{ may: boolean }>(
    "SELECT has_database_privilege($1, current_database(), 'CREATE') AS may",
    [role],
  );
  if (!rows[0]?.may) throw tooWeak(role, "CREATE on the database", undefined);
}

async function grantRows(sql: Queryable, schema: string, role: string): Promise<void> {
  await sql.query(`
    GRANT USAGE ON SCHEMA ${schema} TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
}

/** Read models that were made while one role did everything. */
async function handOver(sql: Queryable, schema: string, role: string): Promise<void> {
  await sql.query(`ALTER SCHEMA ${schema} OWNER TO ${role}`);
  const { rows } = await sql.query<{ table: string }>(
    `SELECT oid::regclass::text AS table FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
    [schema],
  );
  for (const { table } of rows) await sql.query(`ALTER TABLE ${table} OWNER TO ${role}`);
}

/** Of this program, whose names need no quotes. */
async function ownSchemas(sql: Queryable): Promise<readonly string[]> {
  const { rows } = await sql.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace
      WHERE nspname ~ '^taem_[a-z_]+$' AND nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)`,
  );
  return rows.map(({ schema }) => schema);
}

async function roleOf(sql: Queryable): Promise<string> {
  const { rows } = await sql.query<{ role: string }>("SELECT current_user AS role");
  return rows[0]?.role ?? "";
}

async function quotedBy(sql: Queryable, role: string): Promise<string> {
  const { rows } = await sql.query<{ quoted: string }>("SELECT quote_ident($1) AS quoted", [role]);
  return rows[0]?.quoted ?? "";
}

function tooWeak(role: string, said: string, cause: unknown): OperatorError {
  return new OperatorError(
    "migration_role_too_weak",
    `the role of TAEM_MIGRATION_URL cannot give ${role}, that of DATABASE_URL, what it needs (${said}): have it own the ` +
      `database and be a member of the other (GRANT ${role} TO it)`,
    { cause },
  );
}
