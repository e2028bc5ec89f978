import { createSecretKey } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import type { Process } from "@taem/host";
import type { Limits } from "@taem/http";
import { member } from "@taem/member";
import { type Database, openPool } from "@taem/postgres";
import { principal } from "@taem/principal";
import {
  Projector,
  type ProjectorOptions,
  type ProjectorView,
  type RebuildOptions,
  rebuild,
  storeLogSource,
} from "@taem/processing";
import { programme } from "@taem/programme";
import { createLogger, createMetrics } from "@taem/runtime";
import { type HostedProgram, hostProgram } from "@taem/testing/program";
import { openTestStore, type TestStore } from "@taem/testing/test-store";
import { ledger, type VerifyOptions, verifyLedger } from "../../src/index.ts";
import { createLedgerProjection } from "../../src/read-model/ledger-projection.ts";
import { type Api, apiKeys, callerOf } from "./api.ts";
import { live } from "./life.ts";
import { Simulation } from "./simulation.ts";

const HMAC_KEY = Buffer.alloc(32, 7);

export interface Hosting {
  /** What the ledger, and it alone, is handed in place of what its process has. */
  readonly process?: Partial<Process>;
  readonly limits?: Partial<Limits>;
}

/** A log with accounts whose lives are in it, and the ledger service on it. */
export class Installation implements AsyncDisposable {
  /** Of the database. */
  readonly url: string;
  readonly database: Database;
  readonly store: EventStore;
  readonly simulation: Simulation;
  /** The server's clock. */
  now: number;
  readonly #undo: AsyncDisposableStack;
  #program: HostedProgram | undefined;

  private constructor(
    undo: AsyncDisposableStack,
    { url, store }: TestStore,
    database: Database,
    seed: number,
  ) {
    this.#undo = undo;
    this.url = url;
    this.store = store;
    this.database = database;
    this.simulation = new Simulation(store, seed, createSecretKey(HMAC_KEY));
    this.now = this.simulation.now;
  }

  static async open(seed = 1): Promise<Installation> {
    await using undo = new AsyncDisposableStack();
    const testStore = undo.use(await openTestStore());
    const database = undo.use(openPool({ url: testStore.url, max: 4, applicationName: "ledger-test" }));
    const installation = new Installation(undo.move(), testStore, database, seed);
    await installation.start();
    return installation;
  }

  get program(): HostedProgram {
    if (this.#program === undefined) throw new Error("the ledger was stopped");
    return this.#program;
  }

  /** Of the ledger's read model. */
  get projector(): ProjectorView {
    return this.program.projectors.get("ledger") as ProjectorView;
  }

  get api(): Api {
    return callerOf(this.program);
  }

  async start(hosting: Hosting = {}): Promise<void> {
    this.#program = await this.#host(hosting);
  }

  async stop(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    this.#program = undefined;
  }

  #host({ process = {}, limits = {} }: Hosting): Promise<HostedProgram> {
    const open: typeof ledger.open = (own, ports) => ledger.open({ ...own, ...process }, ports);
    return hostProgram(this.url, {
      services: "ledger",
      contexts: [member, { ...ledger, open }, programme, principal],
      environment: { TAEM_HMAC_KEY: HMAC_KEY.toString("hex") },
      store: this.store,
      clock: { now: () => this.now },
      apiKeys,
      limits,
    });
  }

  /** Two programmes, two currencies each, some accounts, and what became of them. */
  async populate(accounts: number, commands: number, days: number, sweepEvery?: number): Promise<void> {
    const { simulation } = this;
    const one = await simulation.defineProgramme("one", "Asia/Bangkok");
    const two = await simulation.defineProgramme("two", "America/New_York");
    for (let i = 0; i < accounts; i++) {
      await simulation.enrol(simulation.open(i % 4 === 3 ? two : one, i % 3 === 0 ? "STAR" : "POINT"));
    }
    await live(simulation, commands, days, sweepEvery);
    this.now = simulation.now;
  }

  /** Waits until everything appended so far is in the tables. */
  async project(): Promise<void> {
    await projected(this.projector, await this.store.head());
  }

  /** A projector that is to make the tables from nothing, with nobody else at them. */
  async newProjector(options: Partial<ProjectorOptions> = {}): Promise<Projector> {
    const { database, store } = this;
    await this.stop();
    await database.query("DROP SCHEMA taem_ledger CASCADE");
    return new Projector({
      ...{ database, store, projection: createLedgerProjection({ store }) },
      source: storeLogSource(store),
      logger: createLogger({ service: "ledger", level: "silent" }),
      metrics: createMetrics(),
      clock: { now: () => this.now },
      ...options,
    });
  }

  /** Has the tables stand still until what it yields is called. */
  async holdUp(): Promise<() => Promise<void>> {
    const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = this.database.transaction(async (transaction) => {
      await transaction.query("LOCK TABLE taem_ledger.checkpoints IN EXCLUSIVE MODE");
      held.resolve();
      await released.promise;
    });
    await Promise.race([held.promise, holding]);
    return () => {
      released.resolve();
      return holding;
    };
  }

  /** Recomputes everything from the events and compares. */
  verify(options: Pick<VerifyOptions, "onProgress"> = {}) {
    return verifyLedger({ ...options, database: this.database, store: this.store });
  }

  rebuild(options: Pick<RebuildOptions, "expect" | "confirm">) {
    const { database, store } = this;
    return rebuild({ ...options, database, store, projection: createLedgerProjection({ store }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#undo.disposeAsync();
  }
}

/** Waits until everything up to the position is in the tables. */
export async function projected(projector: ProjectorView, position: string): Promise<void> {
  for (let slice = 0; slice < 64; slice++) {
    if (!(await projector.waitFor({ slice, position }, 60_000))) throw new Error(`slice ${slice} is behind`);
  }
}
