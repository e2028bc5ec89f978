import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { startEmbeddedPostgres } from "@taem/postgres";
import { type ServerProcess, startServerProcess } from "@taem/testing/eventstoredb/server-process";
import type { ServiceProcess } from "@taem/testing/topology";
import { type KafkaBroker, startKafkaBroker } from "../../infra/kafka/broker.ts";

const run = promisify(execFile);

/** What can be hurt: a server, or a process of the product. */
export interface Role {
  readonly name: string;
  /** SIGKILL to every process of it. */
  kill(): Promise<void>;
  /** Again, on the same data and where clients look for it. Rejects when it does not come up. */
  start(): Promise<void>;
  /** SIGSTOP to every process of it. */
  pause(): Promise<void> | void;
  resume(): Promise<void> | void;
}

export interface Server extends Role, AsyncDisposable {}

/** A PostgreSQL of its own. */
export async function postgresServer(dataDir: string): Promise<Server & { readonly url: string }> {
  let server = await startEmbeddedPostgres({ dataDir });
  const port = Number(new URL(server.url).port);
  const signal = async (name: NodeJS.Signals) => {
    for (const pid of await postgresProcesses(dataDir, name)) send(pid, name);
  };
  return {
    name: "postgres",
    url: server.url,
    kill: () => signal("SIGKILL"),
    start: async () => {
      server = await startEmbeddedPostgres({ dataDir, port });
    },
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** The postmaster and its children. It is stopped before they are counted: it would make more. */
async function postgresProcesses(dataDir: string, name: NodeJS.Signals): Promise<number[]> {
  const postmaster = Number.parseInt(await readFile(join(dataDir, "cluster/postmaster.pid"), "utf8"), 10);
  if (name !== "SIGCONT") send(postmaster, "SIGSTOP");
  const { stdout } = await run("pgrep", ["-P", String(postmaster)]);
  const pids = [postmaster, ...stdout.trim().split("\n").map(Number)];
  // 0 and -1 are groups of others.
  if (!pids.every((pid) => pid > 1)) throw new Error(`PostgreSQL has no such processes: ${pids.join(", ")}`);
  return pids;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // A child that has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** An event store of its own: the test server, since no other can be killed. */
export async function eventStoreServer(data: string): Promise<Server & { readonly url: string }> {
  let server: ServerProcess = await startServerProcess({ data });
  const { url, port } = server;
  return {
    name: "event-store",
    url,
    kill: () => server.kill(),
    start: async () => {
      server = await startServerProcess({ data, port });
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A broker of its own. */
export async function brokerServer(dataDir: string): Promise<Server & { readonly brokers: string }> {
  let broker: KafkaBroker = await startKafkaBroker({ dataDir });
  const { brokers, port } = broker;
  return {
    name: "broker",
    brokers,
    kill: () => broker.kill(),
    start: async () => {
      broker = await startKafkaBroker({ dataDir, port });
    },
    pause: () => broker.pause(),
    resume: () => broker.resume(),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

const START_LIMIT_MS = 240_000;
const RESTART_MS = 500;

/**
 * A process of the product. Where what it needs is away it ends, and whoever runs it starts it again and again, as an
 * orchestrator does.
 */
export function serviceRole(service: ServiceProcess): Role {
  return {
    name: service.name,
    kill: () => service.kill(),
    start: async () => {
      const deadline = Date.now() + START_LIMIT_MS;
      for (;;) {
        try {
          await service.start();
          return;
        } catch (error) {
          if (Date.now() > deadline) throw new Error(`${service.name} does not start`, { cause: error });
          await delay(RESTART_MS);
        }
      }
    },
    pause: () => service.pause(),
    resume: () => service.resume(),
  };
}
