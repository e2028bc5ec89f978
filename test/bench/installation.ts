import { randomUUID } from "node:crypto";
import { type BulkLine, createClient } from "@taem/client";
import { openPlatform, type Platform, readConfig } from "@taem/host";
import { type Database, openPool } from "@taem/postgres";
import { canonicalWorkload, defineProgramme, type Workload } from "@taem/simulation";
import { contexts } from "@taem/taem-service";
import { clientKey } from "@taem/testing/client-key";
import type { BenchRun } from "./bench-run.ts";
import { parentOf } from "./process-usage.ts";
import type { Environment, ServerProcess } from "./processes.ts";
import { lineAfterLine, type NextLine, PROGRAMME } from "./requests.ts";

const SEED = 1;

/** A database of its own with everything in it, an API key and the workload; dropped at the end. */
export class Installation implements AsyncDisposable {
  readonly platform: Platform;
  readonly token: string;
  /** Goes on through everything that this installation is sent. */
  readonly nextLine: NextLine;
  readonly nextTransfer: NextLine;
  readonly #run: BenchRun;
  readonly #workload: Workload;
  readonly #environment: Environment;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    run: BenchRun,
    environment: Environment,
    platform: Platform,
    token: string,
    resources: AsyncDisposableStack,
  ) {
    this.#run = run;
    this.#workload = canonicalWorkload({ accounts: run.settings.BENCH_ACCOUNTS, seed: SEED });
    this.nextLine = lineAfterLine(this.#workload.lines);
    this.nextTransfer = lineAfterLine(this.#workload.transfers);
    this.platform = platform;
    this.token = token;
    this.#environment = { ...environment, TAEM_LOG_LEVEL: "info" };
    this.#resources = resources;
  }

  /** `extra` settings choose another event store, or Kafka. */
  static async create(run: BenchRun, extra: Environment = {}): Promise<Installation> {
    await using resources = new AsyncDisposableStack();
    const admin = resources.use(openPool({ url: run.postgresUrl, max: 1, applicationName: "bench" }));
    const name = `bench_${randomUUID().replaceAll("-", "")}`;
    await admin.query(`CREATE DATABASE ${name}`);
    resources.defer(async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    });
    const url = new URL(run.postgresUrl);
    url.pathname = `/${name}`;
    const environment = { ...extra, DATABASE_URL: url.href };
    const config = readConfig({ ...environment, TAEM_LOG_LEVEL: "error" });
    const platform = resources.use(await openPlatform(config, contexts));
    const token = await clientKey(platform.store, "bench");
    return new Installation(run, environment, platform, token, resources.move());
  }

  get database(): Database {
    return this.platform.database;
  }

  /** For a process that works on this installation. */
  environment(services = "commands,ledger,scheduler"): Environment {
    return { ...this.#environment, TAEM_SERVICES: services };
  }

  /** A process that runs these services alone. */
  start(services: string, extra: Environment = {}): Promise<ServerProcess> {
    return this.#run.processes.startTaem({ ...this.environment(services), ...extra });
  }

  startCommands(): Promise<ServerProcess> {
    return this.start("commands");
  }

  startEverything(): Promise<ServerProcess> {
    return this.#run.processes.startTaem(this.environment());
  }

  /** Defines the programme, enrols the accounts and gives each its reserve. */
  async prepare(server: ServerProcess): Promise<void> {
    await using client = createClient({ url: urlOf(server), key: this.token });
    await defineProgramme(client, PROGRAMME, this.#workload.definitions);
    await this.send(server, this.#workload.opening);
  }

  /** Sends some lines; rejects if one is refused. */
  async send(server: ServerProcess, lines: Iterable<BulkLine>): Promise<void> {
    await using client = createClient({ url: urlOf(server), key: this.token });
    for await (const answer of client.bulk(PROGRAMME, lines)) {
      if ("problem" in answer) throw new Error(JSON.stringify(answer));
    }
  }

  /** How many the log holds: its positions are dense. */
  async events(): Promise<number> {
    return Number(await this.platform.store.head());
  }

  /** Events that the ledger's tables do not show yet. */
  async backlog(): Promise<number> {
    return (await this.events()) - (await this.projected());
  }

  /** Events that the ledger's tables show. */
  async projected(): Promise<number> {
    // Not their count: of events that mean nothing to the ledger its checkpoints count none.
    const rows = await this.database.queryArrays<[string]>(
      "SELECT min(position) FROM taem_ledger.checkpoints",
    );
    return Number(rows[0]?.[0]);
  }

  /** Process id of the PostgreSQL server. */
  async postmaster(): Promise<number> {
    const rows = await this.database.queryArrays<[number]>("SELECT pg_backend_pid()");
    return parentOf(rows[0]?.[0] as number);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

export function urlOf({ port }: ServerProcess): string {
  return `http://127.0.0.1:${port}`;
}
