import { type Database, migrate, openPool } from "@taem/postgres";
import { createTestDatabase, type TestDatabase } from "@taem/postgres/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ApiKeyStore,
  apiKeyMigrations,
  apiKeyTable,
  CachedApiKeys,
  createApiKey,
} from "../src/index.ts";

describe("API keys in PostgreSQL", () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let store: ApiKeyStore;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = openPool({ url: testDatabase.url, max: 2, applicationName: "http-test" });
    await migrate(database, "auth", apiKeyMigrations);
    store = apiKeyTable(database);
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.drop();
  });

  it("come back as they were made, and their token verifies", async () => {
    const key = { name: "till 4", programme: "the-1", scopes: ["earn", "read"] as const };
    const { keyId, token } = await createApiKey(store, key);
    const [found] = await store.find([keyId, "unknown"]);
    expect(found).toMatchObject({ ...key, keyId, revokedAt: null });
    expect(found?.createdAt).toBeGreaterThan(Date.UTC(2020, 0));
    expect(await new CachedApiKeys(store).verify(token)).toEqual({ ...key, keyId });
  });

  it("keep nothing from which the token could be had", async () => {
    const { token } = await createApiKey(store, { name: "secret", programme: null, scopes: [] });
    const { rows } = await database.query("SELECT api_keys::text AS text FROM taem_auth.api_keys");
    expect(JSON.stringify(rows)).not.toContain(token.split("_")[2]);
  });

  it("verify no more once revoked, and revoking again changes nothing", async () => {
    const { keyId, token } = await createApiKey(store, { name: "gone", programme: null, scopes: ["read"] });
    expect(await store.revoke(keyId)).toBe(true);
    const [first] = await store.find([keyId]);
    expect(await store.revoke(keyId)).toBe(true);
    expect(await store.find([keyId])).toEqual([first]);
    expect(first?.revokedAt).toBeTypeOf("number");
    expect(await new CachedApiKeys(store).verify(token)).toBeUndefined();
  });

  it("that do not exist cannot be revoked", async () => {
    expect(await store.revoke("0000000000000000")).toBe(false);
  });

  it("are listed with the oldest first", async () => {
    const listed = await store.list();
    expect(listed.map((key) => key.name)).toEqual(["till 4", "secret", "gone"]);
  });
});
