import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Database, Migration } from "@taem/postgres";
import { OperatorError } from "@taem/runtime";

/** What belongs to an installation as a whole. Component `installation`. */
export const installationMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "secrets",
    sql: `
      CREATE SCHEMA taem_installation;
      CREATE TABLE taem_installation.secrets (
        name  text PRIMARY KEY,
        value bytea NOT NULL
      );`,
  },
  {
    version: 2,
    name: "identity",
    sql: `
      CREATE TABLE taem_installation.identity (
        singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        id          uuid NOT NULL,
        event_store text
      );
      COMMENT ON COLUMN taem_installation.identity.id IS 'stamped on what leaves the installation';
      COMMENT ON COLUMN taem_installation.identity.event_store IS 'where the log is: positions of one mean nothing in another';
      INSERT INTO taem_installation.identity (id, event_store)
      VALUES (gen_random_uuid(), CASE WHEN to_regclass('taem_store.events') IS NOT NULL THEN 'PostgreSQL' END);`,
  },
];

/**
 * The installation's id. The first start fixes where its log is. Throws `event_store_changed` when a later one looks for it
 * elsewhere.
 */
export async function installationId(
  database: Database,
  eventStore: "PostgreSQL" | "EventStoreDB",
): Promise<string> {
  const { rows } = await database.query<{ id: string; event_store: string }>(
    `UPDATE taem_installation.identity SET event_store = coalesce(event_store, $1) RETURNING id, event_store`,
    [eventStore],
  );
  const { id, event_store: begun } = rows[0] as { id: string; event_store: string };
  if (begun === eventStore) return id;
  throw new OperatorError(
    "event_store_changed",
    `this installation keeps its log in ${begun}, and is started on ${eventStore}: ` +
      `${begun === "EventStoreDB" ? "set" : "unset"} EVENTSTORE_URL, or use another database`,
  );
}

/**
 * The key that names unique values in the log. It must be the same for ever: made once, by whichever instance comes
 * first, unless the operator brings one.
 */
export async function hmacKeyOf(database: Database, given: string | undefined): Promise<KeyObject> {
  const offered = given === undefined ? randomBytes(32) : Buffer.from(given, "hex");
  await database.query(
    "INSERT INTO taem_installation.secrets (name, value) VALUES ('hmac', $1) ON CONFLICT (name) DO NOTHING",
    [offered],
  );
  const { rows } = await database.query<{ value: Buffer }>(
    "SELECT value FROM taem_installation.secrets WHERE name = 'hmac'",
  );
  const kept = Buffer.from((rows[0] as { value: Buffer }).value);
  if (given !== undefined && !kept.equals(offered)) {
    throw new Error(
      "TAEM_HMAC_KEY is not the key this installation was begun with; names in the log depend on it",
    );
  }
  return createSecretKey(kept);
}
