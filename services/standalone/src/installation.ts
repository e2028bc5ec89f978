import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Database, Migration } from "@taem/postgres";

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
];

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
