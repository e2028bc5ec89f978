import { randomInt } from "node:crypto";
import { type Database, migrate, openPool } from "@taem/postgres";
import { migrateQueues } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import type { Config } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { assertRolesApart, grantTables } from "./database-roles.ts";
import { assertEventStore, type EventStoreKind, installationMigrations } from "./installation.ts";

/** Where the configuration has the log. */
export function eventStoreOf({ EVENTSTORE_URL: url }: Config): EventStoreKind {
  return url === undefined ? "PostgreSQL" : "EventStoreDB";
}

/**
 * Makes what the database lacks of this version, but for what is made of the log: as the role of `TAEM_MIGRATION_URL` where there is one,
 * and then finds it there as that of `DATABASE_URL`, which need not be able to make any of it. Throws what `migrate` throws, and
 * `event_store_changed`, `migration_elsewhere`, `roles_not_apart`, `migration_role_too_weak`.
 */
export async function prepareDatabase(
  config: Config,
  contexts: readonly AnyContext[],
  database: Database,
): Promise<void> {
  const { TAEM_MIGRATION_URL: url } = config;
  if (url !== undefined) await migrateApart(url, config, contexts, database);
  await migrateAll(config, contexts, database);
}

async function migrateApart(
  url: string,
  config: Config,
  contexts: readonly AnyContext[],
  database: Database,
): Promise<void> {
  await using owner = openPool({ url, max: 1, applicationName: "taem migrations" });
  await owner.query(WITHOUT_OWN_SCHEMA);
  await assertSameDatabase(owner, database);
  await assertRolesApart(owner, database);
  await migrateAll(config, contexts, owner);
  await grantTables(owner, database, contexts, eventStoreOf(config));
}

/** A lock that one holds the other cannot take, as long as they are in one database. */
async function assertSameDatabase(owner: Database, database: Database): Promise<void> {
  const key = randomInt(2 ** 47);
  const isTaken = await owner.transaction(async (sql) => {
    await sql.query("SELECT pg_advisory_xact_lock_shared($1)", [key]);
    const [row] = await database.queryArrays<[boolean]>("SELECT pg_try_advisory_xact_lock($1)", [key]);
    return row?.[0] === false;
  });
  if (isTaken) return;
  throw new OperatorError(
    "migration_elsewhere",
    "TAEM_MIGRATION_URL and DATABASE_URL are of two databases: they must differ in the role alone",
  );
}

/**
 * The other role may make schemas, and one that is called as this role would come first in its search path, with tables that run what
 * they like as soon as this role writes to them.
 */
const WITHOUT_OWN_SCHEMA = `
  SELECT set_config('search_path',
                    coalesce(nullif(regexp_replace(current_setting('search_path'), '"?\\$user"?\\s*,?\\s*', ''), ''), 'public'),
                    false)`;

async function migrateAll(
  config: Config,
  contexts: readonly AnyContext[],
  database: Database,
): Promise<void> {
  await migrate(database, "installation", installationMigrations);
  await migrateQueues(database);
  for (const { migrations = {} } of contexts)
    for (const [component, steps] of Object.entries(migrations)) await migrate(database, component, steps);
  await assertEventStore(database, eventStoreOf(config));
  const { migrateLog, migrateSnapshots } = await import("@taem/event-store-postgres");
  if (config.EVENTSTORE_URL === undefined) await migrateLog(database);
  await migrateSnapshots(database);
  // As the one who makes tables does so for all services, whatever each is set to.
  if (config.KAFKA_BROKERS !== undefined || config.TAEM_MIGRATION_URL !== undefined) {
    const { relayMigrations } = await import("@taem/kafka");
    await migrate(database, "relay", relayMigrations);
  }
}
