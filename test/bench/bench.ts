import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, constants, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openPool, startEmbeddedPostgres } from "@taem/postgres";
import type { BenchRun } from "./bench-run.ts";
import { compare } from "./compare/compare.ts";
import { bareServer } from "./phases/bare-server.ts";
import { ceilings } from "./phases/ceilings.ts";
import { commands, transfers } from "./phases/commands.ts";
import { distributed } from "./phases/distributed.ts";
import { growth } from "./phases/growth.ts";
import { hotAccount, manyKeys } from "./phases/hot-account.ts";
import { memory } from "./phases/memory.ts";
import { micro } from "./phases/micro.ts";
import { rebuildAndVerify } from "./phases/rebuild.ts";
import { sustained } from "./phases/sustained.ts";
import { Processes } from "./processes.ts";
import { Progress } from "./progress.ts";
import { Report } from "./report.ts";
import { readSettings, type Settings } from "./settings.ts";

/** `pnpm bench`: what this machine can do, how near the product comes, and what a change did. Run it on an idle machine. */

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

/** Needs neither PostgreSQL nor processes of the product. */
const MICRO = "micro";
const PHASES = [MICRO, ...Object.keys(phases)];

const COMPARE = "compare";

const USAGE = `usage: node test/bench/bench.ts [phase ...]
       node test/bench/bench.ts ${COMPARE} <commit>
phases: ${PHASES.join(", ")}; without one all of them, in this order
what they measure and what can be set: test/bench/README.md`;

/** How a command line that cannot be used ends. */
const UNUSABLE = 2;

process.exit(await main(process.argv.slice(2)));

async function main(args: string[]): Promise<number> {
  let work: Work;
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
    work = workOf(positionals, readSettings(process.env));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return UNUSABLE;
  }
  return await runUntilInterrupted(work);
}

type Work = (report: Report, resources: AsyncDisposableStack) => Promise<void>;

/** Throws where nothing is so called. */
function workOf(words: readonly string[], settings: Settings): Work {
  const [command, commit, ...others] = words;
  if (command === COMPARE) {
    if (commit === undefined || others.length > 0) throw new Error(`${COMPARE} takes one commit`);
    return (report, resources) => compare(commit, report, settings, resources);
  }
  const unknown = words.filter((name) => !PHASES.includes(name));
  if (unknown.length > 0) throw new Error(`no such phase: ${unknown.join(", ")}`);
  const chosen = words.length > 0 ? words : PHASES;
  return (report, resources) => runPhases(chosen, settings, report, resources);
}

/** Whatever ends it, nothing stays behind. */
async function runUntilInterrupted(work: Work): Promise<number> {
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupted.resolve(128 + constants.signals[signal]));
  }
  // Nobody reads any more.
  process.stdout.once("error", () => interrupted.resolve(1));
  const report = new Report((line) => process.stdout.write(`${line}\n`));
  await using resources = new AsyncDisposableStack();
  try {
    return await Promise.race([interrupted.promise, work(report, resources).then(() => 0)]);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}

async function runPhases(
  chosen: readonly string[],
  settings: Settings,
  report: Report,
  resources: AsyncDisposableStack,
): Promise<void> {
  let run: BenchRun | undefined;
  for (const name of chosen) {
    if (name === MICRO) await micro(report);
    else {
      run ??= await prepareRun(settings, report, resources);
      await phases[name]?.(run);
    }
  }
  const machine = describeMachine(run && (await describeDatabase(run.postgresUrl)));
  process.stdout.write(`\n${machine}\n${describeSettings(settings)}\n\n${report.markdown()}\n`);
}

async function prepareRun(
  settings: Settings,
  report: Report,
  resources: AsyncDisposableStack,
): Promise<BenchRun> {
  const directory = await mkdtemp(join(tmpdir(), "taem-bench-"));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = resources.use(await startEmbeddedPostgres({ dataDir: join(directory, "postgres") }));
  return {
    settings,
    report,
    progress: new Progress(),
    processes: resources.use(new Processes()),
    resources,
    postgresUrl: postgres.url,
  };
}

function describeMachine(database?: string): string {
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim()})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB of memory`;
  const machine = `Machine: ${cores}, ${memory}, Node ${process.versions.node}`;
  if (database === undefined) return `${machine}.`;
  return `${machine}, ${database}; load generator, services and PostgreSQL share it.`;
}

async function describeDatabase(postgresUrl: string): Promise<string> {
  await using database = openPool({ url: postgresUrl, max: 1, applicationName: "bench" });
  const shown = async (setting: string) =>
    (await database.queryArrays<[string]>(`SHOW ${setting}`))[0]?.[0] as string;
  const durability = `fsync ${await shown("fsync")}, synchronous_commit ${await shown("synchronous_commit")}`;
  return `PostgreSQL ${await shown("server_version")} (${durability})`;
}

function describeSettings(settings: Settings): string {
  return `Settings: ${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")}`;
}
