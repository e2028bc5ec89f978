import { randomUUID } from "node:crypto";
import { type BulkLine, createClient } from "@taem/client";
import { createApiKey, SCOPES } from "@taem/http";
import { type Database, openPool } from "@taem/postgres";
import { canonicalWorkload, defineProgramme, type Workload } from "@taem/simulation";
import { openPlatform, type Platform, readConfig } from "@taem/standalone";
import type { BenchRun } from "./bench-run.ts";
import { parentOf } from "./process-usage.ts";
import type { ServerProcess } from "./processes.ts";
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
  readonly #environment: Readonly<Record<string, string>>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    run: BenchRun,
    url: string,
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
    this.#environment = { DATABASE_URL: url, TAEM_LOG_LEVEL: "info" };
    this.#resources = resources;
  }

  static async create(run: BenchRun): Promise<Installation> {
    await using resources = new AsyncDisposableStack();
    const admin = resources.use(openPool({ url: run.postgresUrl, max: 1, applicationName: "bench" }));
    const name = `bench_${randomUUID().replaceAll("-", "")}`;
    await admin.query(`CREATE DATABASE ${name}`);
    resources.defer(async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    });
    const url = new URL(run.postgresUrl);
    url.pathname = `/${name}`;
    const config = readConfig({ DATABASE_URL: url.href, TAEM_LOG_LEVEL: "error" });
    const platform = resources.use(await openPlatform(config));
    const key = { name: "bench", programme: null, scopes: SCOPES };
    const { token } = await createApiKey(platform.apiKeyStore, key);
    return new Installation(run, url.href, platform, token, resources.move());
  }

  get database(): Database {
    return this.platform.database;
  }

  /** For a process that works on this installation. */
  environment(services = "commands,ledger,scheduler"): Readonly<Record<string, string>> {
    return { ...this.#environment, TAEM_SERVICES: services };
  }

  startCommands(): Promise<ServerProcess> {
    return this.#run.processes.startTaem(this.environment("commands"));
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
    const rows = await this.database.queryArrays<[string]>(
      "SELECT sum(events)::text FROM taem_ledger.checkpoints",
    );
    return (await this.events()) - Number(rows[0]?.[0]);
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
