import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  /** Resident memory in MiB. */
  memory(): Promise<number>;
}

/** Starts a server as a process of its own and waits until it is ready. `script` is relative to the repository. */
export async function startServer(
  script: string,
  args: readonly string[],
  port: number,
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: { ...process.env, TAEM_PORT: String(port), ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await ready(child, port);
  return {
    port,
    memory: () => residentMemory(child.pid as number),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(50);
  }
  throw new Error(`the server ended with ${child.exitCode} before it was ready`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
