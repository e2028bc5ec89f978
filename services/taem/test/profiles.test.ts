import { readConfig } from "@taem/host";
import { createTestDatabase } from "@taem/postgres/testing";
import { ConfigError } from "@taem/runtime";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { runTool } from "@taem/testing/program-process";
import { describe, expect, test } from "vitest";

const DATABASE_URL = "postgres://taem@localhost/taem";
const EVENTSTORE_URL = "esdb://admin:changeit@localhost:2113?tls=false";
const KAFKA_BROKERS = "one:9092,two:9092";

describe("settings of the profiles", () => {
  test("without Kafka there is no relay, with Kafka there is, unless services are named", () => {
    expect(readConfig({}).TAEM_SERVICES).toEqual(["commands", "ledger", "scheduler"]);
    const distributed = { DATABASE_URL, EVENTSTORE_URL, KAFKA_BROKERS };
    expect(readConfig(distributed)).toMatchObject({
      TAEM_SERVICES: ["commands", "relay", "ledger", "scheduler"],
      KAFKA_BROKERS: ["one:9092", "two:9092"],
    });
    expect(readConfig({ ...distributed, TAEM_SERVICES: "relay" }).TAEM_SERVICES).toEqual(["relay"]);
  });

  test.each([
    ["a relay without brokers", { TAEM_SERVICES: "relay", DATABASE_URL }, "KAFKA_BROKERS"],
    ["an event store without a database", { EVENTSTORE_URL }, "DATABASE_URL"],
    ["Kafka without a database", { KAFKA_BROKERS }, "DATABASE_URL"],
    ["brokers without ports", { KAFKA_BROKERS: "one,two", DATABASE_URL }, "KAFKA_BROKERS"],
    ["another database as event store", { EVENTSTORE_URL: DATABASE_URL, DATABASE_URL }, "EVENTSTORE_URL"],
    [
      "a user without a password",
      { KAFKA_BROKERS, DATABASE_URL, TAEM_KAFKA_USERNAME: "me" },
      "TAEM_KAFKA_PASSWORD",
    ],
    [
      "more partitions than slices",
      { KAFKA_BROKERS, DATABASE_URL, TAEM_KAFKA_PARTITIONS: "65" },
      "TAEM_KAFKA_PARTITIONS",
    ],
  ])("%s is refused, and names the setting", (_, environment, variable) => {
    const reading = () => readConfig(environment);
    expect(reading).toThrow(ConfigError);
    expect(reading).toThrow(variable);
    expect(reading).not.toThrow(/changeit/);
  });
});

test("an installation stays with the event store it was begun on", async () => {
  await using database = await createTestDatabase();
  await using server = await TestServer.start();
  const [inPostgres, inEventStore] = [
    { DATABASE_URL: database.url },
    { DATABASE_URL: database.url, EVENTSTORE_URL: server.url },
  ];
  expect((await runTool(["parked", "list"], inPostgres)).exitCode).toBe(0);
  const moved = await runTool(["parked", "list"], inEventStore);
  expect([moved.exitCode, moved.err]).toEqual([1, expect.stringContaining("unset EVENTSTORE_URL")]);
  expect((await runTool(["parked", "list"], inPostgres)).exitCode).toBe(0);
});

test("a service that needs Kafka says that it cannot reach it, and ends", async () => {
  await using database = await createTestDatabase();
  const servers = { DATABASE_URL: database.url, KAFKA_BROKERS: "127.0.0.1:1" };
  const environment = { ...servers, TAEM_PORT: "0", TAEM_START_LIMIT: "0s" };
  const started = await runTool(["start"], { ...environment, TAEM_SERVICES: "ledger" });
  expect([started.exitCode, started.err]).toEqual([
    1,
    expect.stringContaining("Kafka at 127.0.0.1:1 cannot be used"),
  ]);
});
