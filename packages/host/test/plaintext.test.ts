import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase } from "@taem/postgres/testing";
import { ConfigError, type Environment } from "@taem/runtime";
import { runTool } from "@taem/testing/program-process";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { assertNoPlaintext, plaintextGuard, warnOfPlaintext } from "../src/plaintext.ts";

const DATABASE_URL = "postgres://taem@127.0.0.1/taem";

/** What a process is told as it starts: the code of a refusal, or what is logged. */
async function judge(environment: Environment): Promise<unknown> {
  const logged: unknown[] = [];
  const config = readConfig({ DATABASE_URL, ...environment });
  try {
    await assertNoPlaintext(config);
    await warnOfPlaintext(config, { warn: (fields) => logged.push(fields["connections"]) });
  } catch (error) {
    return (error as { code: string }).code;
  }
  return logged;
}

const database = (rest: string) => ({ DATABASE_URL: `postgres://taem:hunter2@${rest}` });
const eventStore = (rest: string) => ({ EVENTSTORE_URL: `esdb${rest}` });

test.each<[string, Environment]>([
  ["a database", database("db.example/taem")],
  ["a database whose sslmode is disable", database("db.example/taem?sslmode=disable")],
  ["a database whose certificate is not looked at", database("db.example/taem?sslmode=no-verify")],
  ["the same in another word", database("db.example/taem?ssl=no-verify")],
  ["libpq's prefer", database("db.example/taem?uselibpqcompat=true&sslmode=prefer")],
  ["libpq's require", database("db.example/taem?uselibpqcompat=true&sslmode=require")],
  [
    "a database whose TLS is taken out again",
    database("db.example/taem?sslmode=verify-full&ssl=0&sslmode=disable"),
  ],
  ["a database that the query names", database("localhost/taem?host=db.example")],
  ["a database that is every address", database("0.0.0.0/taem")],
  ["a migration role's", { TAEM_MIGRATION_URL: "postgres://owner@db.example/taem" }],
  ["an event store", eventStore("://es.example:2113?tls=false")],
  ["an event store, in other letters", eventStore("://es.example:2113?T_L-S=false")],
  ["one node of several", eventStore("://localhost:2113,es.example:2113?tls=false")],
  ["an event store that is discovered", eventStore("+discover://es.example:2113?tls=false")],
  ["an event store whose second word counts", eventStore("://es.example:2113?tls=true&tls=false")],
  ["Kafka", { KAFKA_BROKERS: "kafka.example:9092" }],
  ["one broker of several", { KAFKA_BROKERS: "127.0.0.1:9092,kafka.example:9092" }],
  ["a collector", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example:4318" }],
])("%s on another machine is not reached without TLS, unless that is allowed", async (_, environment) => {
  expect(await judge(environment)).toBe("plaintext_refused");
  const allowed = await judge({ ...environment, TAEM_PLAINTEXT: "allow" });
  expect(allowed).toEqual([[expect.stringMatching(/^[A-Z_]+ to (\S+\.example|0\.0\.0\.0)$/)]]);
});

test.each<[string, Environment]>([
  ["a database by TLS", database("db.example/taem?sslmode=verify-full")],
  ["a database by libpq's verify-full", database("db.example/taem?uselibpqcompat=true&sslmode=verify-full")],
  ["a database on this machine", database("localhost:5432/taem")],
  ["a database behind a Unix socket", database("localhost/taem?host=/var/run/postgresql")],
  ["the same in the host's place", { DATABASE_URL: "postgres://taem@%2Fvar%2Frun%2Fpostgresql/taem" }],
  ["an event store by TLS", eventStore("://es.example:2113")],
  ["discovered nodes by TLS", eventStore("+discover://es.example:2113?tls=true")],
  ["an event store on this machine", eventStore("://127.0.0.1:2113?tls=false")],
  ["Kafka by TLS", { KAFKA_BROKERS: "kafka.example:9093", TAEM_KAFKA_TLS: "true" }],
  ["Kafka on this machine", { KAFKA_BROKERS: "localhost:9092" }],
  ["a collector by TLS", { OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example:4318" }],
  ["a collector on this machine", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://[::1]:4318" }],
])("%s is reached without a word", async (_, environment) => {
  expect(await judge(environment)).toEqual([]);
});

test("who makes Node trust every certificate has no TLS", async () => {
  const environment = database("db.example/taem?sslmode=verify-full");
  const { exitCode, err } = await runTool(["verify"], { ...environment, NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect([exitCode, err]).toEqual([1, expect.stringContaining("plaintext_refused")]);
  expect(err).toContain("unset NODE_TLS_REJECT_UNAUTHORIZED");
});

test("of a file that a URL names and nobody has, and of a URL that is none, no secret is told", async () => {
  const environment = database("localhost/taem?sslmode=verify-full&sslrootcert=/nowhere/ca.pem");
  const { err } = await runTool(["verify"], environment);
  expect(err).toMatch(/^taem: tls_file_unreadable: DATABASE_URL: .*\/nowhere\/ca\.pem: ENOENT\n$/);
});

test("a process that is refused has connected to nothing, and says what to do", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // Reaches this machine, and is none of its loopback addresses.
  const url = `postgres://taem:hunter2@0.0.0.0:${port}/taem`;
  const refused = await runTool(["verify"], { DATABASE_URL: url });
  expect([refused.exitCode, connections]).toEqual([1, 0]);
  expect(refused.err).toMatch(
    /^taem: plaintext_refused: DATABASE_URL reaches 0\.0\.0\.0 .*sslmode=verify-full.*TAEM_PLAINTEXT=allow\n$/,
  );
  await runTool(["verify"], { DATABASE_URL: url, TAEM_PLAINTEXT: "allow" });
  expect(connections).toBeGreaterThan(0);
  server.close();
});

test("where it is allowed, a start says once which connections are in clear", async () => {
  await using local = await createTestDatabase();
  const url = new URL(local.url);
  url.hostname = "0.0.0.0";
  const environment = { DATABASE_URL: url.href, TAEM_PLAINTEXT: "allow", TAEM_LOG_LEVEL: "warn" };
  const { exitCode, err } = await runTool(["parked", "list"], environment);
  const told = err.split("\n").filter((line) => line.includes("in clear"));
  expect([exitCode, told]).toEqual([0, [expect.stringContaining("DATABASE_URL to 0.0.0.0")]]);
  expect(err).not.toContain(url.password);
});

test("an API key is sent to no other machine in clear", async () => {
  const files = await mkdtemp(join(tmpdir(), "taem-plaintext-"));
  const mapping = fileURLToPath(import.meta.resolve("../../import/mappings/cdnow.json"));
  const importTo = (url: string, environment: Environment = {}) =>
    runTool(
      ["import", join(files, "none.csv"), "--mapping", mapping, "--url", url, "--key", "hunter2"],
      environment,
    );
  const refused = await importTo("http://taem.example/v1");
  expect([refused.exitCode, refused.err]).toEqual([
    1,
    expect.stringMatching(/^taem: plaintext_refused: .*https:/),
  ]);
  expect(refused.err).not.toContain("hunter2");
  // What they are refused for then is the file, which is not there.
  for (const url of ["https://taem.example/v1", "http://localhost:1/v1"])
    expect((await importTo(url)).err).not.toContain("plaintext_refused");
  expect((await importTo("http://taem.example", { TAEM_PLAINTEXT: "allow" })).err).not.toContain(
    "plaintext_refused",
  );
  await rm(files, { recursive: true });
});

test("what a server names on another machine is not reached in clear either", () => {
  const settings = { DATABASE_URL, KAFKA_BROKERS: "localhost:9092" };
  const config = readConfig(settings);
  const guard = plaintextGuard(config, "KAFKA_BROKERS", false);
  expect(() => guard?.("127.0.0.1")).not.toThrow();
  expect(() => guard?.("kafka.example")).toThrow(/KAFKA_BROKERS reaches kafka\.example.*TAEM_KAFKA_TLS=true/);
  expect(plaintextGuard(config, "KAFKA_BROKERS", true)).toBeUndefined();
  expect(
    plaintextGuard(readConfig({ ...settings, TAEM_PLAINTEXT: "allow" }), "KAFKA_BROKERS", false),
  ).toBeUndefined();
});

const KAFKA = { DATABASE_URL, KAFKA_BROKERS: "kafka.example:9092", TAEM_PLAINTEXT: "allow" };

test.each<[string, Environment, string]>([
  [
    "a password for Kafka in clear",
    { TAEM_KAFKA_USERNAME: "me", TAEM_KAFKA_PASSWORD: "hunter2" },
    "TAEM_KAFKA_TLS",
  ],
  ["an authority without TLS", { TAEM_KAFKA_CA: "/ca.pem" }, "TAEM_KAFKA_TLS"],
  ["a certificate without its key", { TAEM_KAFKA_TLS: "true", TAEM_KAFKA_CERT: "/me.pem" }, "TAEM_KAFKA_KEY"],
  ["another word for allow", { TAEM_PLAINTEXT: "true" }, "TAEM_PLAINTEXT"],
])("%s is no setting", (_, environment, named) => {
  const read = () => readConfig({ ...KAFKA, ...environment });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(named);
});
