import type { ApiKey, ApiKeyStore, Scope } from "./api-keys.ts";

/** What is needed of a PostgreSQL connection pool. */
export interface KeyDatabase {
  query<Row extends object>(
    statement: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Row[] }>;
}

/** Steps for the migration component `auth`. */
export const apiKeyMigrations = [
  {
    version: 1,
    name: "api keys",
    sql: `
      CREATE SCHEMA taem_auth;
      CREATE TABLE taem_auth.api_keys (
        key_id      text PRIMARY KEY,
        secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
        name        text NOT NULL,
        programme   text,
        scopes      text[] NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        revoked_at  timestamptz
      );
      COMMENT ON COLUMN taem_auth.api_keys.secret_hash IS 'SHA-256; the secret itself is kept nowhere';
      COMMENT ON COLUMN taem_auth.api_keys.programme IS 'code of the only programme the key reaches; null = all';`,
  },
] as const;

interface Row {
  readonly key_id: string;
  readonly secret_hash: Uint8Array;
  readonly name: string;
  readonly programme: string | null;
  readonly scopes: Scope[];
  readonly created_at: number;
  readonly revoked_at: number | null;
}

const SELECT = `
  SELECT key_id, secret_hash, name, programme, scopes, created_at, revoked_at FROM taem_auth.api_keys`;

/** API keys in PostgreSQL, in the table that `apiKeyMigrations` makes. */
export function apiKeyTable(database: KeyDatabase): ApiKeyStore {
  return {
    async find(keyIds) {
      const { rows } = await database.query<Row>(`${SELECT} WHERE key_id = ANY ($1)`, [keyIds]);
      return rows.map(apiKey);
    },
    async insert({ keyId, secretHash, name, programme, scopes }) {
      await database.query(
        "INSERT INTO taem_auth.api_keys (key_id, secret_hash, name, programme, scopes) VALUES ($1, $2, $3, $4, $5)",
        [keyId, secretHash, name, programme, scopes],
      );
    },
    async revoke(keyId) {
      const { rows } = await database.query<Pick<Row, "key_id">>(
        `UPDATE taem_auth.api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = $1 RETURNING key_id`,
        [keyId],
      );
      return rows.length > 0;
    },
    async list() {
      const { rows } = await database.query<Row>(`${SELECT} ORDER BY created_at, key_id`);
      return rows.map(apiKey);
    },
  };
}

function apiKey(row: Row): ApiKey {
  const { key_id, secret_hash, name, programme, scopes, created_at, revoked_at } = row;
  return {
    keyId: key_id,
    secretHash: secret_hash,
    name,
    programme,
    scopes,
    createdAt: created_at,
    revokedAt: revoked_at,
  };
}
