import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningServer } from "../src/embedded-process.ts";
import { openPool, startEmbeddedPostgres } from "../src/index.ts";

let dataDir: string;

beforeAll(async () => {
  // Closed to every other user, as a checkout under root's home is.
  dataDir = await mkdtemp(join(tmpdir(), "taem-embedded-"));
  await using _server = await startEmbeddedPostgres({ dataDir });
});

afterAll(async () => {
  await rm(dataDir, { recursive: true });
});

const cluster = () => join(dataDir, "cluster");

async function ask(url: string, sql: string): Promise<unknown[]> {
  await using pool = openPool({ url, max: 1, applicationName: "test" });
  return (await pool.query(sql)).rows;
}

/** Another process that starts the server and waits to be ended. */
async function startElsewhere(): Promise<{ process: ChildProcess; url: string }> {
  const child = fork(new URL("./support/embedded-starter.ts", import.meta.url), [dataDir]);
  const [url] = await once(child, "message");
  return { process: child, url };
}

test("stopping ends the server; the next start finds the data, the port and the password as they were", async () => {
  const first = await startEmbeddedPostgres({ dataDir });
  await ask(first.url, "CREATE TABLE kept AS SELECT 1 AS a");
  await first.stop();
  expect(await runningServer(cluster())).toBeUndefined();

  await using second = await startEmbeddedPostgres({ dataDir });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, "SELECT a FROM kept")).toEqual([{ a: 1 }]);
});

test("it flushes to disk, checks its pages and listens on the loopback interface only", async () => {
  await using server = await startEmbeddedPostgres({ dataDir });
  const settings = (await ask(
    server.url,
    `SELECT name, setting FROM pg_settings ORDER BY name COLLATE "C"`,
  )) as { name: string; setting: string }[];
  const setting = (name: string) => settings.find((row) => row.name === name)?.setting;
  expect(["fsync", "full_page_writes", "synchronous_commit", "data_checksums"].map(setting)).toEqual(
    Array(4).fill("on"),
  );
  expect(setting("listen_addresses")).toBe("127.0.0.1");
  expect(setting("server_version")).toMatch(/^18\./);
});

test("the password is needed, generated, and readable by its owner alone", async () => {
  await using server = await startEmbeddedPostgres({ dataDir });
  const wrong = new URL(server.url);
  wrong.password = "wrong";
  await expect(ask(wrong.href, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  const file = join(cluster(), "taem.password");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file, "utf8")).length).toBe(32);
});

test("a second process shares the server and does not stop it", async () => {
  const other = await startElsewhere();
  const shared = await startEmbeddedPostgres({ dataDir });
  expect(shared.url).toBe(other.url);
  await shared.stop();
  expect(await ask(other.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);

  other.process.send("stop");
  await once(other.process, "exit");
  expect(await runningServer(cluster())).toBeUndefined();
});

test("who started the server leaves it to those who share it, and the last of them stops it", async () => {
  const other = await startElsewhere();
  const shared = await startEmbeddedPostgres({ dataDir });
  other.process.send("stop");
  await once(other.process, "exit");
  expect(await ask(shared.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);

  await shared.stop();
  expect(await runningServer(cluster())).toBeUndefined();
});

test("the server of a killed process is taken over, with its connections, and stopped in the end", async () => {
  const other = await startElsewhere();
  await using pool = openPool({ url: other.url, max: 1, applicationName: "test" });
  await pool.query("SELECT 1");
  other.process.kill("SIGKILL");
  await once(other.process, "exit");

  const heir = await startEmbeddedPostgres({ dataDir });
  expect((await pool.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  await heir.stop();
  expect(await runningServer(cluster())).toBeUndefined();
});

test("a server killed with its process recovers what was committed", async () => {
  const other = await startElsewhere();
  await ask(other.url, "CREATE TABLE survivors AS SELECT 1 AS a");
  const { pid } = (await runningServer(cluster()))!;
  other.process.kill("SIGKILL");
  process.kill(pid, "SIGKILL");

  await using heir = await startEmbeddedPostgres({ dataDir });
  expect(await ask(heir.url, "SELECT a FROM survivors")).toEqual([{ a: 1 }]);
});

test("a pid file whose number belongs to another process now does not keep it from starting", async () => {
  await writeFile(join(cluster(), "postmaster.pid"), `${process.pid}\n${cluster()}\n0\n15432\n\n\n\nready\n`);
  await using server = await startEmbeddedPostgres({ dataDir });
  expect(await ask(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("another port is found when the last one is taken, and a port asked for is refused", async () => {
  const first = await startEmbeddedPostgres({ dataDir });
  const port = Number(new URL(first.url).port);
  await first.stop();
  const squatter = createServer().listen(port, "127.0.0.1");
  await once(squatter, "listening");

  await expect(startEmbeddedPostgres({ dataDir, port })).rejects.toMatchObject({
    code: "postgres_port_taken",
  });
  await using second = await startEmbeddedPostgres({ dataDir });
  const other = Number(new URL(second.url).port);
  expect(other).not.toBe(port);
  expect(other).toBeLessThan(32_768);
  expect(await ask(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  squatter.close();
});

test("starts of one moment, on a new folder too, end with one server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "taem-embedded-"));
  const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedPostgres({ dataDir: folder })));
  expect(new Set(servers.map((server) => server.url)).size).toBe(1);
  for (const server of servers) await server.stop();
  expect(await runningServer(join(folder, "cluster"))).toBeUndefined();
  await rm(folder, { recursive: true });
});
