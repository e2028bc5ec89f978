import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { type Memory, memoryOf } from "./process-usage.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** As `npm start` gives them to Node; not to a process whose environment has options of its own. */
const NODE_OPTIONS = packageJson.config.node.split(" ");
const CLI = "services/taem/src/cli.ts";
const BARE = "test/bench/bare-main.ts";
const POLL_MS = 50;
/** Outgoing sockets take ports above. */
const [FIRST_PORT, PORT_LIMIT] = [20_000, 32_768];

export type Environment = Readonly<Record<string, string>>;

export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export interface ToolRun {
  readonly output: string;
  /** The most memory that was resident at a time, in MB. */
  readonly peakMemory: number;
}

/** Processes of the product beside the benchmark's own, ended with it. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<ChildProcess>();
  #isOver = false;

  /** `taem start` in a process of its own, when it is ready. */
  startTaem(environment: Environment): Promise<ServerProcess> {
    return this.#startServer([CLI, "start"], environment);
  }

  startBare(environment: Environment): Promise<ServerProcess> {
    return this.#startServer([BARE], environment);
  }

  /** Runs a command of the command line to its end; rejects if it fails. */
  async runTaem(args: readonly string[], environment: Environment): Promise<ToolRun> {
    const child = this.#spawn([CLI, ...args], environment, "pipe");
    const output = text(child.stdout as NodeJS.ReadableStream);
    let memory: Memory = { now: 0, peak: 0, files: 0 };
    const ended = once(child, "exit");
    while (child.exitCode === null && child.signalCode === null) {
      memory = memoryUnlessEnded(child.pid as number) ?? memory;
      await Promise.race([delay(POLL_MS), ended]);
    }
    if (child.exitCode === 0) return { output: await output, peakMemory: memory.peak };
    throw new Error(`taem ${args.join(" ")} ended with ${child.exitCode}: ${await output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#running].map(stop));
  }

  async #startServer(args: readonly string[], environment: Environment): Promise<ServerProcess> {
    const port = await freePort();
    const child = this.#spawn(
      args,
      { ...environment, TAEM_PORT: String(port), TAEM_METRICS_PORT: "0" },
      "ignore",
    );
    await ready(child, port);
    return { port, pid: child.pid as number, [Symbol.asyncDispose]: () => stop(child) };
  }

  #spawn(args: readonly string[], environment: Environment, stdout: "pipe" | "ignore"): ChildProcess {
    if (this.#isOver) throw new Error("the benchmark is over");
    const options = "NODE_OPTIONS" in environment ? [] : NODE_OPTIONS;
    const child = spawn(process.execPath, [...options, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ["ignore", stdout, "inherit"],
    });
    this.#running.add(child);
    child.on("exit", () => this.#running.delete(child));
    return child;
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, PORT_LIMIT);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.on("error", () => resolve(false));
      probe.listen({ port, host: "127.0.0.1" }, () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(POLL_MS);
  }
  throw new Error(`a server ended with ${child.exitCode ?? child.signalCode} before it was ready`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

function memoryUnlessEnded(pid: number): Memory | undefined {
  try {
    return memoryOf(pid);
  } catch {
    return undefined;
  }
}
