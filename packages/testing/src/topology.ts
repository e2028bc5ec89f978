import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Environment } from "@taem/runtime";
import { Api } from "./api.ts";
import { clientKeyOn } from "./client-key.ts";
import { startServerProcess } from "./eventstoredb/server-process.ts";
import { startGateway } from "./gateway.ts";
import { type ProgramProcess, startProcess } from "./program-process.ts";

/** How the services of an installation are spread: all in one process, or one process each. */
export type TopologyName = "single" | "processes";

/** The processes of each, with the services that they run. Of the commands service there are two. */
const PROCESSES = {
  single: { taem: undefined },
  processes: {
    "commands-1": "commands",
    "commands-2": "commands",
    relay: "relay",
    ledger: "ledger",
    scheduler: "scheduler",
  },
} as const satisfies Record<TopologyName, Record<string, string | undefined>>;

/** Those that the environment's `TOPOLOGY` asks for: both, unless it names one. */
export function topologies(): readonly TopologyName[] {
  const names: readonly TopologyName[] = ["single", "processes"];
  const asked = process.env["TOPOLOGY"];
  if (asked === undefined) return names;
  const name = names.find((other) => other === asked);
  if (name === undefined) throw new Error(`TOPOLOGY is ${asked}; choose from ${names.join(", ")}`);
  return [name];
}

/** Servers with nothing on them, for one installation. */
export interface Servers extends AsyncDisposable {
  /** What the processes of the installation are started with. */
  readonly environment: Environment;
}

/** One process needs a database. Several need a log in EventStoreDB and a topic of Kafka's as well. */
export async function openServers(name: TopologyName, brokers: string): Promise<Servers> {
  await using undo = new AsyncDisposableStack();
  const database = undo.use(await createTestDatabase());
  let environment: Environment = { DATABASE_URL: database.url };
  if (name === "processes") {
    const folder = await mkdtemp(join(tmpdir(), "taem-e2e-"));
    undo.defer(() => rm(folder, { recursive: true }));
    const { url } = undo.use(await startServerProcess({ data: join(folder, "events.log") }));
    const topic = `taem.e2e.${randomUUID()}`;
    environment = {
      ...environment,
      EVENTSTORE_URL: url,
      KAFKA_BROKERS: brokers,
      TAEM_KAFKA_TOPIC: topic,
      TAEM_KAFKA_PARTITIONS: "6",
    };
  }
  const opened = undo.move();
  return { environment, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Hears what happens to processes. */
export interface Watch {
  /** A line of a process's log. */
  onLine?(name: string, line: string): void;
  /** A process ended that nobody had ended. */
  onDeath?(name: string): void;
}

/** One process of a topology, which can be ended and started again on the same installation. */
export class ServiceProcess implements AsyncDisposable {
  readonly name: string;
  readonly #environment: Environment;
  readonly #watch: Watch;
  #program: ProgramProcess | undefined;

  constructor(name: string, environment: Environment, watch: Watch = {}) {
    this.name = name;
    this.#environment = environment;
    this.#watch = watch;
  }

  /** Undefined while it does not run. */
  get url(): string | undefined {
    return this.#program?.url;
  }

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  async start(): Promise<void> {
    const program = await startProcess(this.#environment, (line) => this.#watch.onLine?.(this.name, line));
    this.#program = program;
    void program.ended.then(() => {
      if (this.#program !== program) return;
      this.#program = undefined;
      this.#watch.onDeath?.(this.name);
    });
  }

  async kill(): Promise<void> {
    const killed = this.#program;
    this.#program = undefined;
    await killed?.kill();
  }

  pause(): void {
    this.#program?.pause();
  }

  resume(): void {
    this.#program?.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#program;
    this.#program = undefined;
    await ended?.[Symbol.asyncDispose]();
  }
}

/** An installation whose services run in processes of their own, behind one address. */
export interface Topology extends AsyncDisposable {
  readonly url: string;
  /** What its processes are started with: the command line's tools want the same. */
  readonly environment: Environment;
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  /** A caller with every permission. */
  readonly api: Api;
  /** The token of a new key with every permission. */
  key(name: string): Promise<string>;
}

/** Starts every process on what the environment names: `DATABASE_URL`, and for processes event store and Kafka. */
export async function startTopology(
  name: TopologyName,
  environment: Environment,
  watch?: Watch,
): Promise<Topology> {
  await using undo = new AsyncDisposableStack();
  const processes = new Map<string, ServiceProcess>();
  for (const [process, services] of Object.entries(PROCESSES[name])) {
    const service = undo.use(new ServiceProcess(process, { ...environment, TAEM_SERVICES: services }, watch));
    await service.start();
    processes.set(process, service);
  }
  const urls = (of: string) =>
    [...processes.values()].flatMap(({ name, url }) =>
      url !== undefined && (name === "taem" || name.startsWith(of)) ? [url] : [],
    );
  const gateway = undo.use(await startGateway(urls));
  const key = (name: string) => clientKeyOn(environment, name);
  const api = undo.use(new Api(gateway.url, await key("test")));
  const running = undo.move();
  return {
    url: gateway.url,
    environment,
    processes,
    api,
    key,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
