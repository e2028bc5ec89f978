import { snapshotContract } from "@taem/event-store/contract";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { afterAll, beforeAll } from "vitest";
import { openPostgresSnapshots } from "../src/index.ts";

let database: Database;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  database = resources.use(openPool({ url, max: 2, applicationName: "test" }));
});

afterAll(() => resources.disposeAsync());

snapshotContract("PostgreSQL", () => openPostgresSnapshots(database));
