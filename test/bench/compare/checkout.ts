import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BENCH = "test/bench/bench.ts";
/** What was interrupted may write its last file while all are taken away. */
const RETRIES = 10;

/** A version of the product that can be measured. */
export interface Checkout {
  readonly name: string;
  readonly folder: string;
}

/** What is being worked on, as it lies here. */
export const present: Checkout = { name: "now", folder: ROOT };

/** The id of what a commit is called. Rejects where there is none. */
export async function commitNamed(name: string): Promise<string> {
  try {
    return await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);
  } catch {
    throw new Error(`there is no commit ${name}`);
  }
}

/** A commit in a working tree of its own, installed; taken away with the resources. */
export async function checkOut(commit: string, resources: AsyncDisposableStack): Promise<Checkout> {
  const parent = await mkdtemp(join(tmpdir(), "taem-compare-"));
  resources.defer(async () => {
    await rm(parent, { recursive: true, force: true, maxRetries: RETRIES });
    await git("worktree", "prune");
  });
  const folder = join(parent, "taem");
  await git("worktree", "add", "--detach", "--quiet", folder, commit);
  const checkout = { name: commit.slice(0, 10), folder };
  await run(checkout, ["infra/setup.mjs"], resources);
  return checkout;
}

/** Whether its benchmark has a phase. */
export async function hasPhase(
  checkout: Checkout,
  phase: string,
  resources: AsyncDisposableStack,
): Promise<boolean> {
  const usage = await run(checkout, [BENCH, "--help"], resources);
  return new RegExp(`^phases: .*\\b${phase}\\b`, "m").test(usage);
}

/** What its benchmark says of some phases. */
export function bench(
  checkout: Checkout,
  phases: readonly string[],
  resources: AsyncDisposableStack,
): Promise<string> {
  return run(checkout, [BENCH, ...phases], resources);
}

/**
 * What a program of the checkout prints, by the Node that runs this. It ends with the resources at the latest, and with it
 * whatever it has started: an installation is several processes.
 */
async function run(
  { name, folder }: Checkout,
  args: readonly string[],
  resources: AsyncDisposableStack,
): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(child, "exit");
  resources.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-(child.pid as number), "SIGTERM");
    await ended;
  });
  const output = await text(child.stdout);
  await ended;
  if (child.exitCode === 0) return output;
  throw new Error(`${args.join(" ")} of ${name} ended with ${child.exitCode ?? child.signalCode}: ${output}`);
}

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { cwd: ROOT });
  return stdout.trim();
}
