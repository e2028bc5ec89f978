import { createHash } from "node:crypto";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { type Database, migrate, openPool } from "@taem/postgres";
import { createTestDatabase, type TestDatabase } from "@taem/postgres/testing";
import { systemClock } from "@taem/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Authenticator, adoptEarlierKeys, principalMigrations } from "../src/index.ts";
import { permissions } from "./support/operating.ts";

type Store = Awaited<ReturnType<typeof openPostgresEventStore>>;

let made: TestDatabase;
let database: Database;
let store: Store;
const SECRET = "ab".repeat(32);
const TOKEN = `taem_0123456789abcdef_${SECRET}`;

beforeAll(async () => {
  made = await createTestDatabase();
  database = openPool({ url: made.url, max: 2, applicationName: "test" });
  await migrate(database, "auth", principalMigrations);
  store = await openPostgresEventStore({ database });
  const insert = (id: string, scopes: string[], revoked: string | null) =>
    database.query(
      `INSERT INTO taem_auth.api_keys (key_id, secret_hash, name, programme, scopes, revoked_at)
       VALUES ($1, $2, 'till 7', 'shop', $3, $4)`,
      [id, createHash("sha256").update(SECRET).digest(), scopes, revoked],
    );
  await insert("0123456789abcdef", ["earn", "admin"], null);
  await insert("0123456789abcde0", ["earn"], "2026-01-01T00:00:00Z");
});

afterAll(async () => {
  await store.close();
  await database.close();
  await made[Symbol.asyncDispose]();
});

const verify = (token: string) =>
  new Authenticator({ store, permissions, clock: systemClock }).verify(token, () => "192.0.2.1");

test("a key made before becomes a client of the same id, whose token goes on working", async () => {
  expect(await verify(TOKEN)).toBeUndefined();
  expect(await adoptEarlierKeys(database, store, permissions)).toBe(2);
  expect(await verify(TOKEN)).toEqual({
    ...{ id: "0123456789abcdef", key: "0123456789abcdef-1", name: "till 7", programmes: ["shop"] },
    ...{ permissions: ["earn", "opening", "define", "publish"], systems: ["*"] },
  });
});

test("a key that was revoked stays so", async () => {
  expect(await verify(TOKEN.replace("cdef", "cde0"))).toBeUndefined();
});

test("doing it again, or twice at once, changes nothing", async () => {
  const before = await store.head();
  const again = await Promise.all([
    adoptEarlierKeys(database, store, permissions),
    adoptEarlierKeys(database, store, permissions),
  ]);
  expect(again).toEqual([0, 0]);
  expect(await store.head()).toBe(before);
});
