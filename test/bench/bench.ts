import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, constants, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openPool, startEmbeddedPostgres } from "@taem/postgres";
import type { BenchRun } from "./bench-run.ts";
import { bareServer } from "./phases/bare-server.ts";
import { ceilings } from "./phases/ceilings.ts";
import { commands, transfers } from "./phases/commands.ts";
import { distributed } from "./phases/distributed.ts";
import { growth } from "./phases/growth.ts";
import { hotAccount, manyKeys } from "./phases/hot-account.ts";
import { memory } from "./phases/memory.ts";
import { rebuildAndVerify } from "./phases/rebuild.ts";
import { sustained } from "./phases/sustained.ts";
import { Processes } from "./processes.ts";
import { Progress } from "./progress.ts";
import { Report } from "./report.ts";
import { readSettings, type Settings } from "./settings.ts";

/** `pnpm bench`: what this machine can do, and how near the product comes. Run it on an idle machine. */

const phases: Readonly<Record<string, (run: BenchRun) => Promise<void>>> = {
  ceilings,
  bare: bareServer,
  commands,
  transfers,
  hot: hotAccount,
  keys: manyKeys,
  sustained,
  growth,
  rebuild: rebuildAndVerify,
  memory,
  distributed,
};

const USAGE = `usage: node test/bench/bench.ts [phase ...]
phases: ${Object.keys(phases).join(", ")}; without one all of them, in this order
what they measure and what can be set: test/bench/README.md`;

/** How a command line that cannot be used ends. */
const UNUSABLE = 2;

process.exit(await main(process.argv.slice(2)));

async function main(args: string[]): Promise<number> {
  let settings: Settings;
  let chosen: string[];
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: "boolean" } },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const unknown = positionals.filter((name) => !Object.hasOwn(phases, name));
    if (unknown.length > 0) throw new Error(`no such phase: ${unknown.join(", ")}`);
    chosen = positionals.length > 0 ? positionals : Object.keys(phases);
    settings = readSettings(process.env);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return UNUSABLE;
  }
  return await runUntilInterrupted(chosen, settings);
}

/** Whatever ends it, nothing stays behind. */
async function runUntilInterrupted(chosen: readonly string[], settings: Settings): Promise<number> {
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupted.resolve(128 + constants.signals[signal]));
  }
  // Nobody reads any more.
  process.stdout.once("error", () => interrupted.resolve(1));
  await using resources = new AsyncDisposableStack();
  try {
    const run = await prepareRun(settings, resources);
    return await Promise.race([interrupted.promise, runPhases(chosen, run)]);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}

async function prepareRun(settings: Settings, resources: AsyncDisposableStack): Promise<BenchRun> {
  const directory = await mkdtemp(join(tmpdir(), "taem-bench-"));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = resources.use(await startEmbeddedPostgres({ dataDir: join(directory, "postgres") }));
  return {
    settings,
    report: new Report((line) => process.stdout.write(`${line}\n`)),
    progress: new Progress(),
    processes: resources.use(new Processes()),
    resources,
    postgresUrl: postgres.url,
  };
}

async function runPhases(chosen: readonly string[], run: BenchRun): Promise<number> {
  for (const name of chosen) await phases[name]?.(run);
  const machine = await describeMachine(run.postgresUrl);
  process.stdout.write(`\n${machine}\n${describeSettings(run.settings)}\n\n${run.report.markdown()}\n`);
  return 0;
}

async function describeMachine(postgresUrl: string): Promise<string> {
  await using database = openPool({ url: postgresUrl, max: 1, applicationName: "bench" });
  const shown = async (setting: string) =>
    (await database.queryArrays<[string]>(`SHOW ${setting}`))[0]?.[0] as string;
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim()})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB of memory`;
  const postgres = `PostgreSQL ${await shown("server_version")}`;
  const durability = `fsync ${await shown("fsync")}, synchronous_commit ${await shown("synchronous_commit")}`;
  return `Machine: ${cores}, ${memory}, Node ${process.versions.node}, ${postgres} (${durability}); load generator, services and PostgreSQL share it.`;
}

function describeSettings(settings: Settings): string {
  return `Settings: ${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")}`;
}
