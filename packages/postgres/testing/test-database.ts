import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inject } from "vitest";
import { type Database, openPool } from "../src/index.ts";
import "./global-setup.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** Drops the database; rejects when connections to it were left open. */
  drop(): Promise<void>;
}

const LEAK_DEADLINE_MS = 5_000;
const POLL_MS = 20;

/** Creates an empty database of one's own on the server of this run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject("postgresUrl");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await withAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name}`));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;

  const drop = () =>
    withAdmin(adminUrl, async (admin) => {
      const leaked = await openConnections(admin, name);
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      if (leaked.length > 0) throw new Error(`connections left open: ${leaked.join(", ")}`);
    });
  return { url: url.href, name, drop, [Symbol.asyncDispose]: drop };
}

async function withAdmin<T>(url: string, use: (admin: Database) => Promise<T>): Promise<T> {
  await using admin = openPool({ url, max: 1, applicationName: "test-admin" });
  return await use(admin);
}

/** A closed connection takes the server a moment to see, so only one that stays counts. */
async function openConnections(admin: Database, name: string): Promise<string[]> {
  const deadline = Date.now() + LEAK_DEADLINE_MS;
  for (;;) {
    const { rows } = await admin.query<{ who: string }>(
      `SELECT application_name || ': ' || left(query, 80) AS who FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.who);
    await delay(POLL_MS);
  }
}
