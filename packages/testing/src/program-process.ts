import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Environment } from "@taem/runtime";

const SERVICES = fileURLToPath(import.meta.resolve("../../../services"));
const CLI = `${SERVICES}/taem/src/cli.ts`;

/** The one service that the environment names has a main program of its own; all of them, or several, the command line starts. */
function startOf({ TAEM_SERVICES: services }: Environment): readonly string[] {
  const isOne = services !== undefined && !services.includes(",");
  return isOne ? [`${SERVICES}/${services}/src/main.ts`] : [CLI, "start"];
}

/** The program in a process of its own, as an operator starts it. */
export interface ProgramProcess extends AsyncDisposable {
  readonly url: string;
  /** Where it tells what it measures. */
  readonly monitorUrl: string;
  readonly pid: number;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** Once it has ended by itself, be it because it was asked to. */
  readonly exitCode: number | null;
  /** SIGKILL: whatever it is doing ends there. */
  kill(): Promise<void>;
  /** SIGSTOP: its connections stay open, and nothing is answered. */
  pause(): void;
  resume(): void;
}

/**
 * Everything in one process, unless `TAEM_SERVICES` names some. It listens on a free port. `onLine` gets what it says on
 * its output, which is its log.
 */
export async function startProcess(
  environment: Environment,
  onLine: (line: string) => void = () => {},
): Promise<ProgramProcess> {
  const { child, ended, end } = run(startOf(environment), { TAEM_PORT: "0", ...environment });
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  let url: string | undefined;
  const monitorUrl = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      onLine(line);
      url ??= /^(?:API\s+(\S+)\/v1|Health\s+(\S+)\/health\/ready)$/.exec(line)?.slice(1).find(Boolean);
      const monitor = /^Ops\s+(\S+)\/metrics$/.exec(line)?.[1];
      if (monitor !== undefined) resolve(monitor);
    });
    ended.then(() => reject(new Error(`the program ended before it served: ${complaints}`)), reject);
  });
  return {
    url: url as string, // said first
    monitorUrl,
    pid: child.pid as number,
    ended,
    get exitCode() {
      return child.exitCode;
    },
    kill: () => end("SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}

/** What a command of the command line left behind. */
export interface ToolRun {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `taem <args>` to its end. `onComplaint` gets what comes on standard error, as it comes. */
export async function runTool(
  args: readonly string[],
  environment: Environment = {},
  onComplaint: (text: string) => void = () => {},
): Promise<ToolRun> {
  const { child, ended } = run([CLI, ...args], environment);
  child.stderr?.on("data", (chunk: Buffer) => onComplaint(chunk.toString()));
  const [out, err] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    ended,
  ]);
  return { exitCode: child.exitCode, out, err };
}

/** Starts `taem <args>` and sends it a signal once what it has said, on either stream, matches. */
export async function interruptTool(
  args: readonly string[],
  environment: Environment,
  after: RegExp,
  signal: NodeJS.Signals,
): Promise<ToolRun> {
  const { child, ended } = run([CLI, ...args], environment);
  const said = { out: "", err: "" };
  let wasSent = false;
  for (const [name, stream] of [["out", child.stdout] as const, ["err", child.stderr] as const]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      said[name] += chunk;
      if (wasSent || !after.test(said[name])) return;
      wasSent = child.kill(signal);
    });
  }
  await ended;
  return { exitCode: child.exitCode, ...said };
}

function run(args: readonly string[], environment: Environment) {
  const child: ChildProcess = spawn(process.execPath, [...args], {
    env: { TAEM_LOG_LEVEL: "error", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test that is abandoned must not leave it running.
  const abandon = () => child.kill("SIGKILL");
  process.once("exit", abandon);
  const ended = once(child, "close").finally(() => process.off("exit", abandon));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return { child, ended, end };
}
