import { type Logger, reasonOf } from "@taem/runtime";

/** Of what is kept of keys beside the log. */
export const SCHEMA = "taem_auth";

/** What is needed of a PostgreSQL connection pool. */
export interface KeyDatabase {
  query<Row extends object>(
    statement: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Row[] }>;
}

/** Steps for the migration component `auth`. The first made the table that API keys were kept in before the log did. */
export const principalMigrations = [
  {
    version: 1,
    name: "api keys",
    sql: `
      CREATE SCHEMA ${SCHEMA};
      CREATE TABLE ${SCHEMA}.api_keys (
        key_id      text PRIMARY KEY,
        secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
        name        text NOT NULL,
        programme   text,
        scopes      text[] NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        revoked_at  timestamptz
      );
      COMMENT ON COLUMN ${SCHEMA}.api_keys.secret_hash IS 'SHA-256; the secret itself is kept nowhere';
      COMMENT ON COLUMN ${SCHEMA}.api_keys.programme IS 'code of the only programme the key reaches; null = all';`,
  },
  {
    version: 2,
    name: "key uses",
    sql: `
      CREATE TABLE ${SCHEMA}.key_uses (
        key          text PRIMARY KEY,
        last_used_at bigint NOT NULL
      );
      COMMENT ON TABLE ${SCHEMA}.key_uses IS 'when each API key was last used, to a minute or so';
      COMMENT ON TABLE ${SCHEMA}.api_keys IS 'keys made before the log held them; each is a client there now';`,
  },
] as const;

const EVERY_MS = 60_000;

/**
 * When each API key was last used, in PostgreSQL: written behind the requests, once a minute, so that it costs none of
 * them anything. A process that is killed forgets the last minute.
 */
export class KeyUses {
  readonly #database: KeyDatabase;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #noted = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(database: KeyDatabase, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
    this.#timer.unref();
  }

  /** `at` in milliseconds since the epoch. */
  note(key: string, at: number): void {
    this.#noted.set(key, at);
  }

  /** By key. */
  async lastUses(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#database.query<{ key: string; last_used_at: bigint }>(
      `SELECT key, last_used_at FROM ${SCHEMA}.key_uses WHERE key = ANY ($1)`,
      [keys],
    );
    return new Map(rows.map(({ key, last_used_at }) => [key, Number(last_used_at)]));
  }

  /** Writes what is noted. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    const noted = this.#noted;
    if (noted.size === 0) return;
    this.#noted = new Map();
    this.#writing = this.#writing.then(() => this.#store(noted));
  }

  async #store(noted: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.#database.query(
        `INSERT INTO ${SCHEMA}.key_uses AS u (key, last_used_at)
         SELECT * FROM unnest($1::text[], $2::bigint[]) ORDER BY 1
             ON CONFLICT (key) DO UPDATE SET last_used_at = greatest(u.last_used_at, excluded.last_used_at)`,
        [[...noted.keys()], [...noted.values()]],
      );
    } catch (error) {
      this.#logger.warn({ reason: reasonOf(error) }, "when API keys were last used is not written down");
    }
  }
}
