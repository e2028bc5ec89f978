import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { StampProgramOptions } from "./stamp-program.ts";

const MAIN = fileURLToPath(import.meta.resolve("./stamp-main.ts"));

/** The stamp program in a process of its own. Resolves when that has ended: by a signal, or with the steps that it took. */
export async function runStampProcess(
  options: StampProgramOptions & { readonly lastStep?: string },
): Promise<{ readonly signal: string | null; readonly steps: readonly string[] }> {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null, string | null]>,
  ]);
  if (signal === null && code !== 0) throw new Error(`the stamp program failed: ${complaints}`);
  return { signal, steps: signal === null ? (JSON.parse(output) as string[]) : [] };
}
