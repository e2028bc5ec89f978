import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { noteInfrastructure } from "../../../infra/check/infrastructure.ts";
import { isAlive, runningServer, stopServer } from "../src/embedded-process.ts";
import { type EmbeddedPostgres, openPool, startEmbeddedPostgres } from "../src/index.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL of the server that this run's tests share. */
    readonly postgresUrl: string;
  }
}

const RUNS = join(tmpdir(), `taem-test-postgres-${userInfo().username}`);
const RUN = join(RUNS, String(process.pid));

let server: EmbeddedPostgres | undefined;

/** One server per run: that of `DATABASE_URL`, else one of our own in a folder that goes with the run. */
export async function setup(project: TestProject): Promise<void> {
  await sweepDeadRuns();
  const given = process.env["DATABASE_URL"];
  if (given === undefined) server = await startEmbeddedPostgres({ dataDir: RUN });
  const url = given ?? (server as EmbeddedPostgres).url;
  project.provide("postgresUrl", url);
  noteInfrastructure(
    "PostgreSQL",
    `${given === undefined ? "embedded" : "that of DATABASE_URL,"} ${await version(url)}`,
  );
}

async function version(url: string): Promise<string> {
  await using pool = openPool({ url, max: 1, applicationName: "test-admin" });
  const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
  return rows[0]?.server_version ?? "";
}

export async function teardown(): Promise<void> {
  await server?.stop();
  await rm(RUN, { recursive: true, force: true });
}

/** A run that was killed leaves its server behind. */
async function sweepDeadRuns(): Promise<void> {
  await mkdir(RUNS, { recursive: true });
  for (const run of await readdir(RUNS)) {
    if (await isAlive(Number(run))) continue;
    const folder = join(RUNS, run, "cluster");
    const orphan = await runningServer(folder);
    if (orphan !== undefined) await stopServer(orphan, folder);
    await rm(join(RUNS, run), { recursive: true, force: true });
  }
}
