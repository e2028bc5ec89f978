import { expect, test } from "vitest";
import { type Migration, migrate, openPool } from "../src/index.ts";
import { createTestDatabase } from "../testing/index.ts";

const first: Migration = {
  version: 1,
  name: "things",
  sql: "CREATE TABLE things (a int); INSERT INTO things VALUES (1)",
};
const second: Migration = { version: 2, name: "more", sql: "INSERT INTO things VALUES (2)" };

async function openDatabase(max = 4) {
  const database = await createTestDatabase();
  const pool = openPool({ url: database.url, max, applicationName: "test" });
  return Object.assign(pool, {
    async [Symbol.asyncDispose]() {
      await pool.close();
      await database.drop();
    },
  });
}

test("migrating twice applies each migration once", async () => {
  await using database = await openDatabase();
  expect(await migrate(database, "shop", [first])).toBe(1);
  expect(await migrate(database, "shop", [first, second])).toBe(1);
  expect(await migrate(database, "shop", [first, second])).toBe(0);
  expect(await database.queryArrays("SELECT a FROM things ORDER BY a")).toEqual([[1], [2]]);
});

test("concurrent starters apply each migration once", async () => {
  await using database = await openDatabase(8);
  const starts = Array.from({ length: 8 }, () => migrate(database, "shop", [first, second]));
  expect((await Promise.all(starts)).toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
});

test("components have versions of their own", async () => {
  await using database = await openDatabase();
  await migrate(database, "shop", [first]);
  expect(
    await migrate(database, "office", [{ version: 1, name: "desks", sql: "CREATE TABLE desks ()" }]),
  ).toBe(1);
});

test("an applied migration that changed is refused", async () => {
  await using database = await openDatabase();
  await migrate(database, "shop", [first]);
  const changed = { ...first, sql: "CREATE TABLE things (b int)" };
  await expect(migrate(database, "shop", [changed])).rejects.toMatchObject({ code: "migration_changed" });
});

test("a database migrated by a newer program is refused", async () => {
  await using database = await openDatabase();
  await migrate(database, "shop", [first, second]);
  await expect(migrate(database, "shop", [first])).rejects.toMatchObject({ code: "database_newer" });
});

test("a gap in the numbering is refused", async () => {
  await using database = await openDatabase();
  await expect(migrate(database, "shop", [second])).rejects.toMatchObject({ code: "migration_misnumbered" });
});

test("a migration that fails leaves nothing of its batch", async () => {
  await using database = await openDatabase();
  const broken = { version: 2, name: "broken", sql: "SELECT 1 / 0" };
  await expect(migrate(database, "shop", [first, broken])).rejects.toMatchObject({ code: "22012" });
  expect(await migrate(database, "shop", [first])).toBe(1);
});
