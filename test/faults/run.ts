/**
 * `node test/faults/run.ts --minutes 15 --kills 60 --seed 1`: the long run. Progress goes to standard error, a summary to
 * standard output; exit code 1 on a violation, which names what was found and where the logs are.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FaultRun, ROLES, runFaults } from "./fault-run.ts";
import { describeFault, faultSchedule } from "./fault-schedule.ts";

const USAGE = `usage: node test/faults/run.ts [--minutes 15] [--kills 60] [--seed 1] [--stop-seconds 60]
Kills and stops every process of an installation while callers go on, and judges what is left.`;
const UNUSABLE = 2;

process.exit(await main());

async function main(): Promise<number> {
  const settings = readSettings();
  if (settings === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return UNUSABLE;
  }
  const { seed, durationMs, kills, stopMs } = settings;
  const began = performance.now();
  const progress = (line: string) => {
    const seconds = Math.round((performance.now() - began) / 1_000);
    process.stderr.write(`${String(seconds).padStart(5)}  ${line}\n`);
  };
  progress(`seed ${seed}: ${kills} kills within ${durationMs / 60_000} minutes`);
  for (const fault of faultSchedule({ ...settings, roles: ROLES }))
    process.stderr.write(`       ${describeFault(fault)}\n`);
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort(new Error("interrupted")));
  const data = await mkdtemp(join(tmpdir(), "taem-faults-"));
  const folders = { data, broker: join(data, "kafka") };
  const { signal } = ending;
  const options = { seed, durationMs, kills, stopMs, folders, signal, onProgress: progress };
  const run = await runFaults(options).catch((error: unknown) => {
    process.stdout.write(`logs and data: ${data}\n`);
    throw error;
  });
  const hasFailed = run.verdict.checks.some(({ violation }) => violation !== undefined);
  for (const line of summary(run, seed)) process.stdout.write(`${line}\n`);
  if (hasFailed) process.stdout.write(`\nlogs and data: ${data}\n`);
  else await rm(data, { recursive: true });
  return hasFailed ? 1 : 0;
}

function readSettings() {
  const option = (fallback: string) => ({ type: "string", default: fallback }) as const;
  try {
    const { values } = parseArgs({
      options: {
        minutes: option("15"),
        kills: option("60"),
        seed: option("1"),
        "stop-seconds": option("60"),
      },
    });
    const stop = 1_000 * positive(values["stop-seconds"]);
    return {
      seed: positive(values.seed),
      durationMs: 60_000 * positive(values.minutes),
      kills: positive(values.kills),
      stopMs: [stop, stop] as const,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`${text} is not a number above 0`);
}

function* summary(
  { verdict, injected, commands, longestMs, judgedMs }: FaultRun,
  seed: number,
): Generator<string> {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  yield `seed ${seed}: ${commands.sent} commands, ${commands.accepted} accepted, ${commands.refused} refused, ` +
    `${commands.unanswered} not answered in their time; ${verdict.events} events, ${verdict.members} members`;
  yield `longest wait for an answer ${seconds(longestMs)}; judged in ${seconds(judgedMs)}`;
  yield "";
  yield "| role | kills | back after at most | stops | stopped for |";
  yield "| --- | ---: | ---: | ---: | ---: |";
  for (const role of ROLES) {
    const own = injected.filter(({ fault }) => fault.role === role);
    const [kills, stops] = [own.filter(isKill), own.filter((one) => !isKill(one))];
    const longest = Math.max(0, ...kills.map(({ from, to }) => to - from));
    const stopped = stops.reduce((sum, { from, to }) => sum + to - from, 0);
    yield `| ${role} | ${kills.length} | ${seconds(longest)} | ${stops.length} | ${seconds(stopped)} |`;
  }
  yield "";
  for (const { name, violation } of verdict.checks)
    yield violation === undefined ? `ok       ${name}` : `VIOLATED ${name}: ${violation}`;
}

function isKill({ fault }: { readonly fault: { readonly fault: string } }): boolean {
  return fault.fault === "kill";
}
