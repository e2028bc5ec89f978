import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { messageOf } from "@taem/host";
import { openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { PROJECTIONS } from "@taem/testing/product";
import { runTool } from "@taem/testing/program-process";
import { expect, test } from "vitest";
import { contexts } from "../src/contexts.ts";

const USAGE = 2;

test.each([
  ["an unknown option", ["verify", "--fast"]],
  ["an option out of its bounds", ["start", "--members", "0"]],
  ["a missing option", ["import", "sales.csv"]],
  ["a client without a name", ["client", "create", "--name", " ", "--permissions", "read"]],
  [
    "a client called as another is told",
    ["client", "create", "--name", "root (cf16fcf22ed3d2d4)", "--permissions", "read"],
  ],
  [
    "a client of no programme",
    ["client", "create", "--name", "x", "--permissions", "read", "--programme", "The One"],
  ],
  ["a permission that there is not", ["client", "create", "--name", "x", "--permissions", "read,fly"]],
  ["no network", ["client", "create", "--name", "x", "--permissions", "read", "--addresses", "10.0.0.0/33"]],
  ["a key of no client", ["key", "create", "--client", "nobody"]],
  ["an overlap without a unit", ["key", "rotate", "0123456789abcdef-1", "--overlap", "soon"]],
  ["an unknown command of a command", ["parked", "lst"]],
])("%s is an error of usage, and is said", async (_, args) => {
  const { exitCode, out, err } = await runTool(args);
  expect([exitCode, out]).toEqual([USAGE, ""]);
  expect(err).toMatch(/^(error|Usage): /);
});

test("a setting that cannot be used is an error of usage, named", async () => {
  const { exitCode, err } = await runTool(["verify"], { TAEM_PORT: "eighty" });
  expect(exitCode).toBe(USAGE);
  expect(err).toMatch(/^taem: .*TAEM_PORT/s);
});

test("a projection that there is not is an error of usage, named; a key that there is not is a failure", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url };
  const rebuild = await runTool(["rebuild", "ledgr"], environment);
  expect(rebuild).toEqual({
    exitCode: USAGE,
    out: "",
    err: `taem: there is no projection ledgr; there are ${PROJECTIONS.join(", ")}\n`,
  });
  const revoke = await runTool(["key", "revoke", "0123456789abcdef-1"], environment);
  expect(revoke).toEqual({ exitCode: 1, out: "", err: "taem: client_unknown: there is no such client\n" });
});

test("where nothing was ever projected nothing is parked", async () => {
  await using database = await createTestDatabase();
  const listed = await runTool(["parked", "list"], { DATABASE_URL: database.url });
  expect(listed).toEqual({ exitCode: 0, out: "nothing is parked\n", err: "" });
});

test("a message that is held is listed, and delivered again when it is replayed", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url };
  await runTool(["parked", "list"], environment);
  await using pool = openPool({ url: database.url, max: 1, applicationName: "command-line-test" });
  const columns = "queue, key, slice, lane, type, body, meta, state, attempts, error";
  await pool.query(
    `INSERT INTO taem_queues.outbox (${columns}) VALUES
       ('transfers', 't-1', 3, 't-1', 'CompleteTransfer', '{}', '{}', 'parked', 5, 'Error: no'),
       ('sweeps', 's-1', 4, 's-1', 'SweepAccount', '{}', '{}', 'waiting', 0, NULL),
       ('transfers', E't-2\n\u001b[2K', 3, 't-2', 'CompleteTransfer', '{}', '{}', 'waiting', 9, 'of a later version')`,
  );
  const listed = await runTool(["parked", "list"], environment);
  const out =
    "outbox:transfers  t-1  CompleteTransfer parked, tried 5 times  Error: no\n" +
    "outbox:transfers  t-2\\n\\u001b[2K  CompleteTransfer waiting, tried 9 times  of a later version\n";
  expect(listed).toEqual({ exitCode: 0, out, err: "" });
  await runTool(["rebuild", "ledger"], environment);
  const { exitCode: sound, out: verified } = await runTool(["verify"], environment);
  expect([sound, verified]).toEqual([
    0,
    expect.stringContaining("messages of queues that are not carried out: 2, see `taem parked list`"),
  ]);
  await pool.query("DELETE FROM taem_queues.outbox WHERE attempts = 9");
  const replayed = await runTool(["parked", "replay", "outbox:transfers", "t-1"], environment);
  expect(replayed).toEqual({ exitCode: 0, out: "t-1 is to be delivered now\n", err: "" });
  expect((await runTool(["parked", "list"], environment)).out).toBe("nothing is parked\n");
  const unknown = await runTool(["parked", "replay", "outbox:transfers", "t-2"], environment);
  expect(unknown).toEqual({ exitCode: 1, out: "", err: "taem: outbox:transfers holds no message t-2\n" });
});

test("a port that is taken is said in a sentence", async () => {
  await using database = await createTestDatabase();
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as AddressInfo;
  const environment = { DATABASE_URL: database.url, TAEM_PORT: String(port) };
  const message = `taem: cannot_listen: cannot listen on port ${port} of 127.0.0.1: something listens there already; stop it, or choose another port\n`;
  expect(await runTool(["start"], environment)).toEqual({ exitCode: 1, out: "", err: message });
  squatter.close();
});

test.each([
  ["SCHEMA taem_installation", /^taem: schema_lost: .*taem_installation.*restore that part alone/s],
  ["SCHEMA taem_queues", /^taem: schema_lost: .*taem_queues.*restore that part alone/s],
  ["TABLE taem_queues.inbox", /^taem: schema_lost: .*taem_queues.inbox.*restore that part alone/s],
  ["TABLE taem_sweeps.timers", /^taem: schema_lost: .*taem_sweeps.timers.*`taem rebuild`/s],
])("a database that has lost the %s does not start, and says what to do", async (lost, advice) => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, TAEM_PORT: "0" };
  expect((await runTool(["rebuild", "sweeps"], environment)).exitCode).toBe(0);
  await using pool = openPool({ url: database.url, max: 1, applicationName: "command-line-test" });
  await pool.query(`DROP ${lost} CASCADE`);
  const { exitCode, err } = await runTool(["start"], environment);
  expect([exitCode, err]).toEqual([1, expect.stringMatching(advice)]);
});

test("a program that makes other tables says of which projections, all at once", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, TAEM_PORT: "0" };
  await using pool = openPool({ url: database.url, max: 1, applicationName: "command-line-test" });
  for (const name of ["ledger", "sweeps"]) {
    await runTool(["rebuild", name], environment);
    await pool.query(`UPDATE taem_${name}.definition SET version = 1`);
  }
  const { exitCode, err } = await runTool(["start"], environment);
  const commands = "`taem rebuild ledger --expect-changes` and `taem rebuild sweeps --expect-changes`";
  expect([exitCode, err]).toEqual([1, expect.stringContaining(commands)]);
});

test("a database whose read models are not there says what makes them", async () => {
  await using database = await createTestDatabase();
  const { exitCode, err } = await runTool(["verify"], { DATABASE_URL: database.url });
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: schema_lost: .*by `taem start`/)]);
});

test("what is lost of a projection is made anew, and of anything else restored", () => {
  const advice = (schema: string) => {
    const lost = Object.assign(new Error(`relation "${schema}.rows" does not exist`), { code: "42P01" });
    return messageOf(lost, contexts);
  };
  for (const name of PROJECTIONS) expect(advice(`taem_${name}`), name).toContain("it is made of the log");
  for (const name of ["store", "queues", "relay", "auth", "installation"])
    expect(advice(`taem_${name}`), name).toContain("restore that part alone from a backup");
});

test("a database that there is not says so", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: `${database.url}_not`, TAEM_START_LIMIT: "0s" };
  const { exitCode, err } = await runTool(["verify"], environment);
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: database_unavailable: .*DATABASE_URL/)]);
});

test("a database that does not answer says which it is", async () => {
  const environment = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none", TAEM_START_LIMIT: "0s" };
  const { exitCode, err } = await runTool(["verify"], environment);
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: database_unavailable: .*DATABASE_URL/)]);
});

test("help is what was asked for", async () => {
  const { exitCode, out, err } = await runTool(["rebuild", "--help"]);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(out).toContain("--expect-equal");
});

test("the event store's rules are written by its administrator, for one user", async () => {
  await using server = await TestServer.start({ users: { admin: ["$admins"], taem: [] } });
  const restrict = ["event-store", "restrict", "--user", "taem"];
  const as = (user: string) => ({ EVENTSTORE_URL: `${server.url}&connectionName=${user}` });
  expect(await runTool(restrict, as("taem"))).toMatchObject({
    exitCode: 1,
    err: expect.stringMatching(/^taem: .*refuses our user/),
  });
  expect(await runTool(restrict, as("admin"))).toEqual({
    exitCode: 0,
    out: "taem appends and reads, and only administrators delete or hide\n",
    err: "",
  });
  expect(server.eventsOf("$settings")).toHaveLength(1);
  expect(await runTool(restrict)).toMatchObject({
    exitCode: 1,
    err: expect.stringMatching(/^taem: event_store_missing: set EVENTSTORE_URL/),
  });
});
