import { type Database, migrate, openPool } from "@taem/postgres";
import { migrateQueues } from "@taem/processing";
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
 * `event_store_changed`, `roles_not_apart`, `migration_role_too_weak`.
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
  await assertRolesApart(owner, database);
  await migrateAll(config, contexts, owner);
  await grantTables(owner, database, contexts, eventStoreOf(config));
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
  if (config.KAFKA_BROKERS !== undefined) {
    const { relayMigrations } = await import("@taem/kafka");
    await migrate(database, "relay", relayMigrations);
  }
}
