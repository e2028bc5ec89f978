import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, startEmbeddedPostgres } from "@taem/postgres";
import { createTestDatabase, openTcpProxy } from "@taem/postgres/testing";
import type { Environment } from "@taem/runtime";
import { ERRORS } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { interruptTool, runTool, startProcess } from "@taem/testing/program-process";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";
import { freePort } from "../../infra/kafka/free-port.ts";

// Failures: services that are started together with their servers end because those take longer; or they wait for what will
// never come, or take no notice of being stopped.

const PATIENT = { TAEM_LOG_LEVEL: "warn", TAEM_START_LIMIT: "10m" };

/** A process that is started while nobody answers it, and tells whom it waits for. */
function startWaiting(environment: Environment) {
  const waits = new Map<string, PromiseWithResolvers<void>>();
  const waitOf = (server: string) => {
    const wait = waits.get(server) ?? Promise.withResolvers<void>();
    waits.set(server, wait);
    return wait;
  };
  const lines: string[] = [];
  const started = startProcess({ ...PATIENT, ...environment }, (line) => {
    lines.push(line);
    const server = /"msg":"waiting for (.*)"/.exec(line)?.[1];
    if (server !== undefined) waitOf(server).resolve();
  });
  // Whoever waits for it sees why it ended.
  started.catch(() => {});
  return {
    started,
    lines,
    waitsFor: (server: string) => Promise.race([waitOf(server).promise, started.then(() => {})]),
  };
}

async function isReady(url: string): Promise<boolean> {
  return (await fetch(`${url}/health/ready`)).ok;
}

test("a program that is started before its PostgreSQL serves once that does, and not before", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "taem-late-"));
  const early = await startEmbeddedPostgres({ dataDir: folder.path });
  await early.stop();
  const port = await freePort();
  const { started, waitsFor } = startWaiting({ DATABASE_URL: early.url, TAEM_PORT: String(port) });
  await waitsFor("PostgreSQL");
  await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
  await using _late = await startEmbeddedPostgres({ dataDir: folder.path });
  await using program = await started;
  expect(await isReady(program.url)).toBe(true);
});

test("a database that is made later is waited for", async () => {
  await using database = await createTestDatabase();
  await using admin = openPool({ url: database.url, max: 1, applicationName: "test" });
  const name = `${database.name}_late`;
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  try {
    const { started, waitsFor } = startWaiting({ DATABASE_URL: url.href });
    await waitsFor("the database");
    await admin.query(`CREATE DATABASE ${name}`);
    await using program = await started;
    expect(await isReady(program.url)).toBe(true);
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
});

test("an event store that has no leader yet is waited for", async () => {
  await using database = await createTestDatabase();
  await using server = await TestServer.start();
  let isElecting = true;
  server.faults.onRead = () => (isElecting ? { kind: "error", error: ERRORS.noLeaderInfo } : undefined);
  const environment = { DATABASE_URL: database.url, EVENTSTORE_URL: server.url };
  const { started, waitsFor } = startWaiting({ ...environment, TAEM_SERVICES: "commands" });
  await waitsFor("EventStoreDB");
  isElecting = false;
  await using program = await started;
  expect(await isReady(program.url)).toBe(true);
});

describeWith("with Kafka", "kafka", await sharedKafka(), ({ brokers }) => {
  test.each(["commands", "relay", "ledger", "scheduler"])(
    "%s, which is started first of all, serves once the others do",
    async (service) => {
      await using database = await createTestDatabase();
      await using undo = new AsyncDisposableStack();
      const [databasePort, storePort, kafkaPort] = await Promise.all([freePort(), freePort(), freePort()]);
      const url = new URL(database.url);
      url.port = String(databasePort);
      const { started, waitsFor } = startWaiting({
        DATABASE_URL: url.href,
        EVENTSTORE_URL: `esdb://127.0.0.1:${storePort}?tls=false`,
        KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
        TAEM_KAFKA_TOPIC: `taem.late.${database.name}`,
        TAEM_SERVICES: service,
      });
      await waitsFor("PostgreSQL");
      undo.use(await openTcpProxy(database.url, databasePort));
      await waitsFor("EventStoreDB");
      undo.use(await TestServer.start({ port: storePort }));
      if (service !== "commands") {
        await waitsFor("Kafka");
        undo.use(await openTcpProxy(`kafka://${brokers.split(",")[0]}`, kafkaPort));
      }
      await using program = await started;
      expect(await isReady(program.url)).toBe(true);
    },
  );
});

test("a server that never comes is given up when the limit is over, with its code", async () => {
  const environment = { TAEM_LOG_LEVEL: "warn", TAEM_START_LIMIT: "1s", TAEM_PORT: "0" };
  const nowhere = { ...environment, DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const { exitCode, out, err } = await runTool(["start"], nowhere);
  expect([exitCode, err]).toEqual([
    1,
    expect.stringMatching(/^taem: database_unavailable: .*mend DATABASE_URL/),
  ]);
  expect(out).toContain("waiting for PostgreSQL");
});

test("a signal ends the waiting at once", async () => {
  const nowhere = { ...PATIENT, DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  const stopped = await interruptTool(["start"], nowhere, /waiting for PostgreSQL/, "SIGTERM");
  expect([stopped.exitCode, stopped.err]).toEqual([0, ""]);
});

test("a password that is wrong is not waited for", async () => {
  await using database = await createTestDatabase();
  const url = new URL(database.url);
  url.password = "wrong";
  const { exitCode, out, err } = await runTool(["start"], { ...PATIENT, DATABASE_URL: url.href });
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: database_unavailable: .*password/)]);
  expect(out).not.toContain("waiting");
});

test("a command of the command line waits as well", async () => {
  await using database = await createTestDatabase();
  const port = await freePort();
  const url = new URL(database.url);
  url.port = String(port);
  const said = Promise.withResolvers<void>();
  const environment = { ...PATIENT, DATABASE_URL: url.href };
  const running = runTool(["parked", "list"], environment, (text) => {
    if (text.includes("waiting for PostgreSQL")) said.resolve();
  });
  await said.promise;
  await using _proxy = await openTcpProxy(database.url, port);
  expect(await running).toMatchObject({ exitCode: 0, out: "nothing is parked\n" });
});
