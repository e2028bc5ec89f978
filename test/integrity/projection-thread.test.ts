import { accountStream } from "@taem/ledger/events";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { Api } from "@taem/testing/api";
import { clientKeyOn } from "@taem/testing/client-key";
import { type ProgramProcess, runTool, startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failure: a thread of the process projects, and those who answer in the other one do not know what it has done, has
// parked, has measured and says.

const PTS = { currency: "PTS" };
const undo = new AsyncDisposableStack();
const lines: string[] = [];
let environment: Readonly<Record<string, string>>;
let database: Database;
let program: ProgramProcess;
let api: Api;
let member: string;
let path: string;

beforeAll(async () => {
  const { url } = undo.use(await createTestDatabase());
  environment = { DATABASE_URL: url, TAEM_LOG_LEVEL: "debug" };
  database = undo.use(openPool({ url, max: 1, applicationName: "test" }));
  program = undo.use(await startProcess(environment, (line) => lines.push(line)));
  api = undo.use(new Api(program.url, await clientKeyOn(environment, "test")));
  const shop = await defineProgramme(api, "shop");
  [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  path = `${shop}/members/${member}`;
});

afterAll(() => undo.disposeAsync());

const balance = (token: string) =>
  answered(() => api.get(`${path}/balance?${new URLSearchParams({ ...PTS, token })}`));

async function earn(key: string): Promise<string> {
  return (await succeeds(api.post(`${path}/earn`, { ...PTS, points: "10" }, key))).body.token;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${program.monitorUrl}/metrics`)).text();
  const found = text.split("\n").filter((line) => line.startsWith(`${name} `));
  expect(found, name).toHaveLength(1);
  return Number(found[0]?.split(" ")[1]);
}

test("whoever writes reads it by its token, each time", async () => {
  for (let earned = 1; earned <= 20; earned++) {
    const { body } = await balance(await earn(`e${earned}`));
    expect(body.balance.book).toBe(String(10 * earned));
  }
});

test("what the thread measures is among the process's metrics, and the process is measured once", async () => {
  expect(await metric('taem_projection_events_total{projection="ledger"}')).toBeGreaterThanOrEqual(20);
  expect(await metric("process_resident_memory_bytes")).toBeGreaterThan(0);
  expect(await connectionsOfThreads()).toBeGreaterThan(0);
});

test("what the thread logs is in the process's log, under the id of the request that led to it", async () => {
  const correlationId = "thread-1";
  const body = JSON.stringify({ ...PTS, points: "10" });
  const headers = { "x-correlation-id": correlationId, "idempotency-key": "logged" };
  await balance((await succeeds(api.raw("POST", `${path}/earn`, body, headers))).body.token);
  const projected = () =>
    lines
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === "projected");
  await expect
    .poll(() => projected().filter((line) => line.correlationId === correlationId), { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ type: "PointsEarned", projection: "ledger", service: "taem" }));
});

test("what the thread has parked is told to who asks for it, until an operator has replayed it", async () => {
  const { rows } = await database.query<{ revision: number }>(
    "SELECT max(revision)::int AS revision FROM taem_ledger.statement_lines",
  );
  const last = rows[0]?.revision as number;
  // The line of the last event now stands where the next one's will not fit.
  await moveLine(last, last + 1);
  const token = await earn("parked");
  const ask = () => api.get(`${path}/balance?${new URLSearchParams({ ...PTS, token })}`);
  await expect.poll(async () => (await ask()).body.code, { timeout: 10_000 }).toBe("account_parked");
  // What was measured a moment ago is told again.
  await expect.poll(() => metric('taem_projection_parked_streams{projection="ledger"}')).toBe(1);
  await moveLine(last + 1, last);
  const replayed = await runTool(["parked", "replay", "ledger", accountStream(member, 1)], environment);
  expect([replayed.exitCode, replayed.out]).toEqual([0, expect.stringContaining("are projected now")]);
  expect((await balance(token)).body).not.toHaveProperty("parked");
});

async function moveLine(from: number, to: number): Promise<void> {
  const sql = "UPDATE taem_ledger.statement_lines SET revision = $3 WHERE member = $1 AND revision = $2";
  expect((await database.query(sql, [member, from, to])).rowCount).toBe(1);
}

test("a program whose thread cannot start ends, and says why", async () => {
  await database.query("UPDATE taem_ledger.definition SET version = version + 1");
  try {
    const ended = await runTool(["start"], { ...environment, TAEM_PORT: "0", TAEM_LOG_LEVEL: "error" });
    expect([ended.exitCode, ended.err]).toEqual([1, expect.stringContaining("taem rebuild ledger")]);
  } finally {
    await database.query("UPDATE taem_ledger.definition SET version = version - 1");
  }
});

test("a process that is told to stop ends cleanly, its thread with it", async () => {
  await using program = await startProcess({ ...environment, TAEM_LOG_LEVEL: "error" });
  process.kill(program.pid, "SIGTERM");
  await program.ended;
  expect(program.exitCode).toBe(0);
});

test("a process that is set so projects in its only thread", async () => {
  await program[Symbol.asyncDispose]();
  await using alone = await startProcess({ ...environment, TAEM_PROJECTION_THREAD: "false" });
  await using other = new Api(alone.url, await clientKeyOn(environment, "other"));
  const { token } = (await succeeds(other.post(`${path}/earn`, { ...PTS, points: "10" }, "inline"))).body;
  await answered(() => other.get(`${path}/balance?${new URLSearchParams({ ...PTS, token })}`));
  expect(await connectionsOfThreads()).toBe(0);
});

async function connectionsOfThreads(): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'taem projections'",
  );
  return rows[0]?.count as number;
}
