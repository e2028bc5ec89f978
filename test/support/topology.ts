import { apiKeyTable, createApiKey, SCOPES } from "@taem/http";
import { openPool } from "@taem/postgres";
import type { Environment } from "@taem/runtime";
import { Api } from "./api.ts";
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

/** What the environment asks for; one process unless it says otherwise. */
export function topologyName(): TopologyName {
  const name = process.env["TOPOLOGY"] ?? "single";
  if (name === "single" || name === "processes") return name;
  throw new Error(`TOPOLOGY is ${name}; choose single or processes`);
}

/** One process of a topology, which can be ended and started again on the same installation. */
export class ServiceProcess implements AsyncDisposable {
  readonly name: string;
  readonly #environment: Environment;
  #program: ProgramProcess | undefined;

  constructor(name: string, environment: Environment) {
    this.name = name;
    this.#environment = environment;
  }

  /** Undefined while it does not run. */
  get url(): string | undefined {
    return this.#program?.url;
  }

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  async start(): Promise<void> {
    this.#program = await startProcess(this.#environment);
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
    await this.#program?.[Symbol.asyncDispose]();
  }
}

/** An installation whose services run in processes of their own, behind one address. */
export interface Topology extends AsyncDisposable {
  readonly url: string;
  /** What its processes are started with: the command line's tools want the same. */
  readonly environment: Environment;
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  /** A caller with every scope. */
  readonly api: Api;
  /** The token of a new key with every scope. */
  key(name: string): Promise<string>;
}

/** Starts every process on what the environment names: `DATABASE_URL`, and for processes event store and Kafka. */
export async function startTopology(name: TopologyName, environment: Environment): Promise<Topology> {
  await using undo = new AsyncDisposableStack();
  const processes = new Map<string, ServiceProcess>();
  for (const [process, services] of Object.entries(PROCESSES[name])) {
    const service = undo.use(new ServiceProcess(process, { ...environment, TAEM_SERVICES: services }));
    await service.start();
    processes.set(process, service);
  }
  const urls = (of: string) =>
    [...processes.values()].flatMap(({ name, url }) =>
      url !== undefined && (name === "taem" || name.startsWith(of)) ? [url] : [],
    );
  const gateway = undo.use(
    await startGateway({ ledger: () => urls("ledger"), commands: () => urls("commands") }),
  );
  const database = undo.use(
    openPool({ url: environment["DATABASE_URL"] as string, max: 1, applicationName: "test" }),
  );
  const key = async (name: string) => {
    const { token } = await createApiKey(apiKeyTable(database), { name, programme: null, scopes: SCOPES });
    return token;
  };
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
