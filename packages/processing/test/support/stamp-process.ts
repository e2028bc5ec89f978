import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { StampMainOptions } from "./stamp-main.ts";

const execute = promisify(execFile);
const MAIN = fileURLToPath(import.meta.resolve("./stamp-main.ts"));

export interface StampProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended: by a signal, or with the steps that it took. Rejects where it failed. */
  readonly ended: Promise<{ readonly signal: string | null; readonly steps: readonly string[] }>;
}

/** The stamp program in a process of its own. */
export function startStampProcess(options: StampMainOptions): StampProcess {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = async () => {
    const [output, complaints, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null, string | null]>,
    ]);
    if (signal === null && code !== 0) throw new Error(`the stamp program failed: ${complaints}`);
    return { signal, steps: signal === null ? (JSON.parse(output) as string[]) : [] };
  };
  return { child, ended: ended() };
}

/** Whether a process is held by SIGSTOP. */
export async function isHeld({ pid }: ChildProcess): Promise<boolean> {
  const { stdout } = await execute("ps", ["-o", "stat=", "-p", String(pid)]);
  return stdout.startsWith("T");
}
