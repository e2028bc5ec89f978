import { createSecretKey } from "node:crypto";
import { openPostgresEventStore, type PostgresEventStore } from "@taem/event-store-postgres";
import { Tokens } from "@taem/http";
import { SLICES } from "@taem/kernel";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Programme } from "@taem/programme/definitions";
import { createLogger, createMetrics } from "@taem/runtime";
import type { Directory } from "../../src/application/directory.ts";
import { createLedger, type Ledger, type LedgerPlatform } from "../../src/ledger.ts";
import { live } from "./life.ts";
import { type Account, Simulation } from "./simulation.ts";

/** A ledger on a store of its own, and the accounts whose lives are in the store. */
export class Installation implements AsyncDisposable {
  /** Of the database. */
  readonly url: string;
  readonly database: Database;
  readonly store: PostgresEventStore;
  readonly simulation: Simulation;
  readonly platform: LedgerPlatform;
  readonly ledger: Ledger;
  /** Seals as the commands of the installation do. */
  readonly tokens: Tokens;
  /** The server's clock. */
  now: number;
  readonly #undo: AsyncDisposableStack;

  private constructor(
    undo: AsyncDisposableStack,
    url: string,
    database: Database,
    store: PostgresEventStore,
    seed: number,
  ) {
    this.#undo = undo;
    this.url = url;
    this.database = database;
    this.store = store;
    this.simulation = new Simulation(store, seed);
    this.now = this.simulation.now;
    this.platform = {
      database,
      store,
      directory: directoryOf(this.simulation),
      logger: createLogger({ service: "ledger", level: "silent" }),
      metrics: createMetrics(),
      clock: { now: () => this.now },
      tokenKey: createSecretKey(Buffer.alloc(32, 7)),
      installation: "test",
    };
    this.tokens = new Tokens(this.platform);
    this.ledger = createLedger(this.platform);
  }

  static async open(seed = 1): Promise<Installation> {
    const undo = new AsyncDisposableStack();
    const { url } = undo.use(await createTestDatabase());
    const database = undo.use(openPool({ url, max: 8, applicationName: "ledger-test" }));
    const store = undo.use(await openPostgresEventStore({ database }));
    return new Installation(undo, url, database, store, seed);
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

  /** Starts the projector, if need be, and waits until everything appended so far is in the tables. */
  async project(): Promise<void> {
    const { projection } = this.ledger;
    if (!projection.status().running) await projection.start();
    const position = await this.store.head();
    for (let slice = 0; slice < SLICES; slice++) {
      if (!(await projection.waitFor({ slice, position }, 30_000)))
        throw new Error(`slice ${slice} is behind`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger.close();
    await this.#undo.disposeAsync();
  }
}

function directoryOf(simulation: Simulation): Directory {
  const find = (programme: Programme, id: string): Account | undefined =>
    simulation.accounts.find((account) => account.programme.id === programme.id && account.member === id);
  const named = async (code: string) => simulation.programmes.find((programme) => programme.code === code);
  return {
    programme: named,
    newestProgramme: named,
    lookAgain: async (programme) => programme,
    member: async (programme, ref) => {
      const account = "id" in ref ? find(programme, ref.id) : undefined;
      return account && { id: account.member, slice: account.slice, enrolledAt: account.enrolledAt };
    },
  };
}
