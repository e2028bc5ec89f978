import { randomInt, randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isConnectionLost } from "./connection-loss.ts";
import { openPool } from "./database.ts";
import { type Account, type Binaries, findBinaries, serverAccount } from "./embedded-binaries.ts";
import { type Cluster, ensureCluster, ROLE } from "./embedded-cluster.ts";
import {
  removeStalePidFile,
  runningServer,
  type Server,
  startServer,
  stopServer,
} from "./embedded-process.ts";
import { EmbeddedUsers } from "./embedded-users.ts";
import type { Log } from "./log.ts";
import { PostgresError } from "./postgres-error.ts";
import { type Keeping, ServerKeeper } from "./server-keeper.ts";

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password and its log; made when missing. */
  readonly dataDir: string;
  /** A port that is taken is refused. Without it the port of the last start is used if free, else another. */
  readonly port?: number;
  readonly log?: Log;
  /** Starts the server again where it ends without having been stopped; without it nobody does. */
  readonly keep?: Keeping;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of the database taem. Holds the password: not for logs. */
  readonly url: string;
  /** Stops the server, unless another process uses it still. */
  stop(): Promise<void>;
}

/** What is remembered in the data directory between starts. */
interface State {
  readonly port: number;
}

interface Site {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly cluster: Cluster;
  readonly users: EmbeddedUsers;
}

const DATABASE = "taem";
const FIRST_PORT = 15_432;
/** Outgoing sockets take ports from here on. */
const PORT_LIMIT = 32_768;
const START_ATTEMPTS = 50;
const RETRY_MS = 100;

/**
 * Runs a real PostgreSQL from npm's binaries, on the loopback interface with a generated password. A server that
 * already runs in `dataDir` is shared, and stopped by the last who uses it. Rejects with a `PostgresError` (`postgres_binaries_missing`, `postgres_init_failed`, `postgres_port_taken`,
 * `postgres_start_failed`).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const account = await serverAccount();
  const binaries = await findBinaries(account);
  const cluster = await ensureCluster(dataDir, binaries, account);
  const users = new EmbeddedUsers(dataDir, randomUUID());
  const site: Site = { dataDir, binaries, account, cluster, users };
  const log = options.log ?? (() => {});

  let keeper: ServerKeeper | undefined;
  const stop = async () => {
    await keeper?.stop();
    await users.leave();
    if (await users.hasOthers()) return;
    const server = await runningServer(cluster.folder);
    if (server === undefined) return;
    await stopServer(server, cluster.folder);
    log("embedded PostgreSQL stopped");
  };
  await using undo = new AsyncDisposableStack();
  undo.defer(stop);
  const port = await attachAndPrepare(site, options.port, log);
  undo.move();
  if (options.keep !== undefined) {
    const isRunning = async () => {
      if ((await runningServer(cluster.folder)) === undefined) return false;
      await users.stay();
      return true;
    };
    // Where its clients look for it.
    const start = async () => void (await attachAndPrepare(site, port, log));
    keeper = new ServerKeeper({ isRunning, start, ...options.keep });
  }
  return { url: urlOf(cluster, port, DATABASE), stop, [Symbol.asyncDispose]: stop };
}

async function attachAndPrepare(site: Site, wanted: number | undefined, log: Log): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const { port } = await attachOrStart(site, wanted, log);
    try {
      await ensureDatabase(urlOf(site.cluster, port, "postgres"));
      return port;
    } catch (error) {
      // A server that was killed a moment ago still looks alive.
      if (attempt >= START_ATTEMPTS || !isConnectionLost(error)) throw error;
    }
    await delay(RETRY_MS);
  }
}

async function attachOrStart(site: Site, port: number | undefined, log: Log): Promise<Server> {
  const { dataDir, cluster, users } = site;
  for (let attempt = 1; ; attempt++) {
    // Before the look at the server: who leaves from here on leaves it running.
    await users.enter();
    const running = await runningServer(cluster.folder);
    if (running?.ready) {
      // Who started it may have cleared us away before.
      await users.enter();
      log("embedded PostgreSQL shared", { port: running.port });
      return running;
    }
    if (running === undefined) {
      const started = await tryStart(site, port, attempt >= START_ATTEMPTS);
      if (started !== undefined) {
        await writeState(dataDir, { port: started.port });
        log("embedded PostgreSQL started", { port: started.port });
        return started;
      }
    }
    await delay(RETRY_MS);
  }
}

/** These pass by themselves: another start won, the last server's processes are still ending, the port went away. */
const PASSING = /lock file .* already exists|pre-existing shared memory block|could not bind .* address/i;

async function tryStart(site: Site, port: number | undefined, last: boolean): Promise<Server | undefined> {
  const { dataDir, cluster, binaries, account, users } = site;
  await removeStalePidFile(cluster.folder);
  await users.clear();
  const chosen = await choosePort(port, (await readState(dataDir))?.port);
  const logFile = join(dataDir, "server.log");
  try {
    return await startServer({ folder: cluster.folder, port: chosen, logFile, binaries, account });
  } catch (error) {
    if (!last && error instanceof PostgresError && PASSING.test(error.message)) return undefined;
    throw error;
  }
}

async function choosePort(wanted: number | undefined, previous = FIRST_PORT): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw new PostgresError("postgres_port_taken", `port ${wanted} is taken; choose another for PostgreSQL`);
  }
  let port = previous;
  while (!(await isFree(port))) port = randomInt(FIRST_PORT, PORT_LIMIT);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1" }, () => probe.close(() => resolve(true)));
  });
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  await using admin = openPool({ url: adminUrl, max: 1, applicationName: "taem" });
  const { rowCount } = await admin.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
  if (rowCount === 1) return;
  await admin.query(`CREATE DATABASE ${DATABASE}`).catch((error: { code?: unknown }) => {
    // Another start of the same moment made it.
    if (error.code !== "42P04" && error.code !== "23505") throw error;
  });
}

function urlOf({ password }: Cluster, port: number, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

async function readState(dataDir: string): Promise<State | undefined> {
  return await readFile(join(dataDir, "server.json"), "utf8").then(
    (content) => JSON.parse(content) as State,
    () => undefined,
  );
}

async function writeState(dataDir: string, state: State): Promise<void> {
  await writeFile(join(dataDir, "server.json"), JSON.stringify(state));
}
