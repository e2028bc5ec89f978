import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Account, Binaries } from "./embedded-binaries.ts";
import { PostgresError } from "./postgres-error.ts";

export interface Cluster {
  /** What the server knows as its data directory. */
  readonly folder: string;
  readonly password: string;
}

/** The cluster's superuser. */
export const ROLE = "taem";

const PASSWORD_FILE = "taem.password";

/** Finds the cluster in `dataDir` or makes it: in a draft folder, so that a half-made one is never taken for whole. */
export async function ensureCluster(
  dataDir: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<Cluster> {
  const folder = join(dataDir, "cluster");
  if (!existsSync(folder)) {
    await mkdir(dataDir, { recursive: true });
    const draft = await mkdtemp(join(dataDir, "draft-"));
    await initialise(draft, binaries, account);
    // Fails when another process was first; its cluster is the one to use.
    await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  }
  return { folder, password: await readFile(join(folder, PASSWORD_FILE), "utf8") };
}

async function initialise(draft: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const password = randomBytes(24).toString("base64url");
  const passwordFile = `${draft}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) {
    await chown(draft, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await runInitdb(draft, passwordFile, binaries, account);
  await rename(passwordFile, join(draft, PASSWORD_FILE));
}

async function runInitdb(
  draft: string,
  passwordFile: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const file = await open(passwordFile);
  const args = [
    `--pgdata=${dataDirArgument(draft, account)}`,
    "--pwfile=/dev/fd/3",
    `--username=${ROLE}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
  ];
  try {
    const initdb = spawn(binaries.initdb, args, {
      ...serverProcess(draft, account),
      stdio: ["ignore", "ignore", "pipe", file.fd],
    });
    const exit = new Promise<number | null>((resolve, reject) =>
      initdb.on("error", reject).on("close", resolve),
    );
    const [code, complaint] = await Promise.all([exit, text(initdb.stderr as Readable)]);
    if (code !== 0) throw new Error(complaint);
  } catch (cause) {
    const reason = (cause as Error).message.trim();
    throw new PostgresError("postgres_init_failed", `initdb could not make ${draft}: ${reason}`, { cause });
  } finally {
    await file.close();
  }
}

/** How the server's programs are run: in their data directory, with none of our environment. */
export function serverProcess(folder: string, account: Account | undefined) {
  return { cwd: folder, env: { LC_ALL: "C", TZ: "UTC" }, ...account };
}

/**
 * Under another account the data directory is named through the process's own working directory: the folders above it
 * may be closed to that account.
 */
export function dataDirArgument(folder: string, account: Account | undefined): string {
  return account !== undefined && process.platform === "linux" ? "/proc/self/cwd" : folder;
}
