import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readFile, realpath, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Account, Binaries } from "./embedded-binaries.ts";
import { dataDirArgument, serverProcess } from "./embedded-cluster.ts";
import { PostgresError } from "./postgres-error.ts";

const run = promisify(execFile);

/** A running server, as its pid file tells. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Sized for a small machine that the server shares with its clients; nothing here weakens durability. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "256MB",
  effective_cache_size: "1GB",
  work_mem: "16MB",
  maintenance_work_mem: "128MB",
  // Nothing replicates from here, and loading a table made in the same transaction then needs no log.
  wal_level: "minimal",
  max_wal_senders: "0",
  wal_buffers: "16MB",
  min_wal_size: "512MB",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  random_page_cost: "1.1",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
};

const POLL_MS = 10;
/** Long enough to replay the log after a crash. */
const START_TIMEOUT_MS = 600_000;
const FAST_STOP_TIMEOUT_MS = 60_000;
const IMMEDIATE_STOP_TIMEOUT_MS = 15_000;

/** The server of this cluster that runs now. A pid file left behind, even if its number lives again, is none. */
export async function runningServer(folder: string): Promise<Server | undefined> {
  const lines = await readFile(join(folder, "postmaster.pid"), "utf8").then(
    (content) => content.split("\n"),
    () => [],
  );
  const pid = Number(lines[0]);
  if (!(pid > 0) || !(await servesFolder(pid, folder))) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

/**
 * A pid file left behind whose number lives again, as some other program, would keep the server from starting. That of
 * any PostgreSQL stays: it may be a server in use that we do not know.
 */
export async function removeStalePidFile(folder: string): Promise<void> {
  const file = join(folder, "postmaster.pid");
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  const [program = ""] = (await commandLine(pid)).split(/[\0 :]/);
  if (pid > 0 && basename(program) !== "postgres") await rm(file, { force: true });
}

/** Whether a process lives; one that only waits to be reaped does not. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
}

async function servesFolder(pid: number, folder: string): Promise<boolean> {
  return (await commandLine(pid)).includes(await folderMark(folder));
}

/** Everybody may read it; a root of few capabilities may not see more of another user's process. */
async function commandLine(pid: number): Promise<string> {
  if (existsSync("/proc/self")) return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return await run("ps", ["-o", "args=", "-p", String(pid)]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** A parameter of ours that means nothing to the server and names the folder it serves. */
async function folderMark(folder: string): Promise<string> {
  return `taem.folder=${await realpath(folder)}`;
}

export interface StartOptions {
  readonly folder: string;
  readonly port: number;
  readonly logFile: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

/** Starts the server and waits until it is ready. Rejects with the end of its log. */
export async function startServer(options: StartOptions): Promise<Server> {
  const { folder, port, logFile, binaries, account } = options;
  await rename(logFile, `${logFile}.1`).catch(() => {});
  const log = await open(logFile, "a");
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`);
  const parameters = [...settings, await folderMark(folder)].flatMap((setting) => ["-c", setting]);
  // In a session of its own: an interrupt from the terminal is for us, who stop the server when all else is done.
  const child = spawn(
    binaries.postgres,
    ["-D", dataDirArgument(folder, account), "-p", String(port), ...parameters],
    {
      ...serverProcess(folder, account),
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    },
  );
  let failure: Error | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  child.on("exit", () => {
    failure ??= new Error("the server ended");
  });
  child.unref();
  await log.close();

  const deadline = Date.now() + START_TIMEOUT_MS;
  while (failure === undefined && Date.now() < deadline) {
    const server = await runningServer(folder);
    if (server?.ready && server.pid === child.pid) return server;
    await delay(POLL_MS);
  }
  const complaint = (await readFile(logFile, "utf8")).trim().split("\n").slice(-12).join("\n");
  throw new PostgresError("postgres_start_failed", `PostgreSQL did not start in ${folder}: ${complaint}`, {
    cause: failure,
  });
}

/** Stops the server and waits until it is gone; open transactions are rolled back. */
export async function stopServer(server: Server, folder: string): Promise<void> {
  signal(server, "SIGINT");
  if (await isGone(folder, FAST_STOP_TIMEOUT_MS)) return;
  signal(server, "SIGQUIT");
  if (await isGone(folder, IMMEDIATE_STOP_TIMEOUT_MS)) return;
  throw new PostgresError(
    "postgres_stop_failed",
    `PostgreSQL (process ${server.pid}) does not stop; end it by hand`,
  );
}

function signal({ pid }: Server, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function isGone(folder: string, timeout: number): Promise<boolean> {
  const deadline = Date.now() + timeout;
  while (await runningServer(folder)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
