import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventStoreContract } from "@taem/event-store/contract";
import { type EmbeddedPostgres, openPool, startEmbeddedPostgres } from "@taem/postgres";
import { afterAll, beforeAll } from "vitest";
import { openPostgresEventStore, type PostgresEventStore } from "../src/index.ts";

// A server of our own, because it is restarted under the tests.
let dataDir: string;
let server: EmbeddedPostgres;
let databases = 0;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "taem-contract-"));
  server = await startEmbeddedPostgres({ dataDir });
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

eventStoreContract("PostgreSQL", async () => {
  const name = `store_${++databases}`;
  await using admin = openPool({ url: server.url, max: 1, applicationName: "test" });
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  const port = Number(url.port);
  url.pathname = `/${name}`;

  const instances: PostgresEventStore[] = [];
  const open = async () => {
    const instance = await openPostgresEventStore({ url: url.href });
    instances.push(instance);
    return instance;
  };
  return {
    store: await open(),
    second: open,
    async restart() {
      await server.stop();
      server = await startEmbeddedPostgres({ dataDir, port });
    },
    async close() {
      await Promise.all(instances.map((instance) => instance.close()));
    },
  };
});
