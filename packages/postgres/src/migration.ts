import { createHash } from "node:crypto";
import type { Database, Queryable } from "./database.ts";
import { PostgresError } from "./postgres-error.ts";

/** One forward step. `version` counts from 1 without gaps; `sql` may hold several statements and never changes. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

const TABLE = "taem_migrations";

/** Serialises everyone who migrates this database, whatever the component. */
const LOCK_KEY = 0x7461656d; // "taem"

/** insufficient_privilege */
const FORBIDDEN = "42501";

/**
 * Applies what is missing of a component's migrations, all or nothing, and returns how many that were. Any number of
 * processes may call it at once; where nothing is missing, so may a role that makes no tables. Refuses with a `PostgresError`:
 * `migration_changed`, `database_newer`, `database_not_migrated` where the role may not do it, `migration_misnumbered`.
 */
export async function migrate(
  database: Database,
  component: string,
  migrations: readonly Migration[],
): Promise<number> {
  const misnumbered = migrations.find((migration, index) => migration.version !== index + 1);
  if (misnumbered !== undefined) {
    throw new PostgresError(
      "migration_misnumbered",
      `${component}: ${label(misnumbered)} is out of place; versions count from 1 without gaps`,
    );
  }
  try {
    return await database.transaction(async (transaction) => {
      await transaction.query("SELECT pg_advisory_xact_lock($1)", [LOCK_KEY]);
      const applied = await appliedMigrations(transaction, component);
      for (const done of applied) verify(component, done, migrations);
      const missing = migrations.slice(applied.length);
      for (const migration of missing) await apply(transaction, component, migration);
      return missing.length;
    });
  } catch (error) {
    throw (error as { readonly code?: unknown }).code === FORBIDDEN ? notMigrated(component, error) : error;
  }
}

function notMigrated(component: string, cause: unknown): PostgresError {
  return new PostgresError(
    "database_not_migrated",
    `${component}: the database lacks what this version has, and the role may not make it (${(cause as Error).message}): ` +
      "run `taem migrate` of this version with TAEM_MIGRATION_URL, or give the role the database",
    { cause },
  );
}

async function appliedMigrations(transaction: Queryable, component: string): Promise<Applied[]> {
  await ensureTable(transaction);
  const { rows } = await transaction.query<Applied>(
    `SELECT version, name, checksum FROM ${TABLE} WHERE component = $1 ORDER BY version`,
    [component],
  );
  return rows;
}

/** `IF NOT EXISTS` would ask for the right to make it where it is there. */
async function ensureTable(transaction: Queryable): Promise<void> {
  const { rows } = await transaction.query<{ isThere: boolean }>(
    `SELECT to_regclass('${TABLE}') IS NOT NULL AS "isThere"`,
  );
  if (rows[0]?.isThere) return;
  await transaction.query(`
    CREATE TABLE ${TABLE} (
      component  text NOT NULL,
      version    int NOT NULL,
      name       text NOT NULL,
      checksum   text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (component, version)
    )`);
}

function verify(component: string, done: Applied, migrations: readonly Migration[]): void {
  const known = migrations[done.version - 1];
  if (known === undefined) {
    throw new PostgresError(
      "database_newer",
      `${component}: the database has ${label(done)}, which this version of the program does not know; upgrade the program`,
    );
  }
  if (checksum(known) !== done.checksum) {
    throw new PostgresError(
      "migration_changed",
      `${component}: ${label(known)} was applied in another form; restore it and put the change into a new migration`,
    );
  }
}

async function apply(transaction: Queryable, component: string, migration: Migration): Promise<void> {
  await transaction.query(migration.sql);
  await transaction.query(
    `INSERT INTO ${TABLE} (component, version, name, checksum) VALUES ($1, $2, $3, $4)`,
    [component, migration.version, migration.name, checksum(migration)],
  );
}

function checksum({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}

function label({ version, name }: { version: number; name: string }): string {
  return `migration ${version} (${name})`;
}
