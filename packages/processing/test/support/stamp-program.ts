import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { EventStore } from "@taem/event-store";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { SLICES } from "@taem/kernel";
import { type Database, openPool } from "@taem/postgres";
import { createLogger, createMetrics, systemClock } from "@taem/runtime";
import { streamOf } from "@taem/schema";
import { stampCards, voucher, vouchers } from "../../src/contract/stamp-cards.ts";
import { StampShop } from "../../src/contract/stamp-shop.ts";
import {
  createInboxWorker,
  createReactionRunner,
  done,
  Inbox,
  migrateQueues,
  type Projection,
  Projector,
  storeLogSource,
} from "../../src/index.ts";
import { Steps, watched, watchedStore } from "./steps.ts";

export interface StampProgramOptions {
  readonly url: string;
  /** Of an EventStoreDB; without it events are in the database. */
  readonly storeUrl?: string;
  /** Names the shop and its cards: programs of one run do the same work. */
  readonly run: string;
}

const POLL_MS = 10;
const STAMPS = 20;
/** When the vouchers expire that nobody has used. */
const LATE = 1_000;

async function openStore({ storeUrl }: StampProgramOptions, database: Database): Promise<EventStore> {
  if (storeUrl === undefined) return await openPostgresEventStore({ database });
  // A client that takes long to load, for many short lives.
  const { openEsdbEventStore } = await import("@taem/event-store-esdb");
  return await openEsdbEventStore({ url: storeUrl });
}

/** The cards of a run: one wins twice, the other one is closed when it would win. */
export function cardsOf(run: string): { readonly open: string; readonly closed: string } {
  return { open: `${run}-open`, closed: `${run}-closed` };
}

/** All of it in one process: inbox, process manager, outbox, counter, timers. */
export class StampProgram implements AsyncDisposable {
  readonly store: EventStore;
  readonly database: Database;
  readonly #options: StampProgramOptions;
  readonly #steps: Steps;
  readonly #undo: AsyncDisposableStack;
  readonly #shop: StampShop;
  readonly #projectors: Projector[] = [];
  #isLate = false;

  private constructor(
    options: StampProgramOptions,
    steps: Steps,
    undo: AsyncDisposableStack,
    database: Database,
    store: EventStore,
  ) {
    this.#options = options;
    this.#steps = steps;
    this.#undo = undo;
    this.database = database;
    this.store = store;
    this.#shop = undo.use(new StampShop(watchedStore(store, steps), options.run, randomUUID));
  }

  static async start(options: StampProgramOptions, steps = new Steps()): Promise<StampProgram> {
    await using undo = new AsyncDisposableStack();
    const database = undo.use(openPool({ url: options.url, max: 12, applicationName: "stamps" }));
    await migrateQueues(database);
    const store = await openStore(options, database);
    undo.defer(() => store.close());
    const program = new StampProgram(options, steps, undo.move(), database, store);
    await program.#startParts();
    return program;
  }

  /** Does all that is to be done in a run, from wherever it was left. */
  async finish(): Promise<void> {
    this.#steps.isWatching = true;
    const { open, closed } = cardsOf(this.#options.run);
    const meta = { actor: "cashier", correlation: this.#options.run };
    await this.#shop.closeCard(closed, meta);
    await this.#receiveStamps(open, STAMPS);
    await this.#receiveStamps(closed, STAMPS / 2);
    await this.#until(async () => {
      const there = [this.#typesOf(open, 1), this.#typesOf(open, 2), this.#typesOf(closed, 1)];
      return (await Promise.all(there)).every((types) => types.length > 0);
    });
    await this.#shop.useVoucher(open, 1, meta);
    await this.#caughtUp();
    this.#isLate = true;
    await this.#until(async () => (await this.#typesOf(open, 2)).length > 1);
    await this.#caughtUp();
    await this.#until(async () => (await this.unfinished()) === 0);
  }

  /** Messages of the run that wait, and timers that are set. */
  async unfinished(): Promise<number> {
    const { run } = this.#options;
    const [row] = await this.database.queryArrays<[bigint]>(
      `SELECT (SELECT count(*) FROM taem_queues.outbox WHERE position($1 in key) > 0)
            + (SELECT count(*) FROM taem_queues.inbox WHERE position($1 in key) > 0 AND state <> 'done')
            + (SELECT count(*) FROM taem_vouchers.timers WHERE position($1 in key) > 0)`,
      [run],
    );
    return Number(row?.[0]);
  }

  async #receiveStamps(card: string, count: number): Promise<void> {
    const inbox = new Inbox(watched(this.database, "door", this.#steps), "stamps");
    const provenance = { actor: "till", correlation: this.#options.run };
    const receipts = Array.from({ length: count }, (_, i) => `${card} receipt ${i}`);
    await inbox.receive(
      receipts.map((key) => ({ key, lane: card, type: "stamp", body: card, provenance, answer: key })),
    );
  }

  async #startParts(): Promise<void> {
    const platform = {
      logger: createLogger({ service: "stamps", level: "silent" }),
      metrics: createMetrics(),
      clock: systemClock,
      pollMs: POLL_MS,
    };
    const part = (name: string) => ({ ...platform, database: watched(this.database, name, this.#steps) });
    await this.#startProjector(stampCards.projection, part("cards projector"));
    await this.#startProjector(vouchers.projection, part("vouchers projector"));
    const now = async (scope: string) => (this.#isLate && scope === this.#options.run ? LATE : 0);
    for (const reactor of [stampCards, vouchers]) {
      const runner = createReactionRunner({
        ...part(`${reactor.name} runner`),
        reactor,
        now,
        deliver: async ({ command, provenance }) => {
          await this.#steps.take(`handler: before ${command.type}`);
          const outcome = await this.#shop.carryOut(command, provenance);
          await this.#steps.take(`handler: after ${command.type}`);
          return outcome;
        },
      });
      this.#run(runner);
    }
    this.#run(
      createInboxWorker({
        ...part("inbox worker"),
        inbox: "stamps",
        handle: async ({ key, body, provenance }) => {
          await this.#shop.giveStamp(body, key, provenance);
          return done();
        },
      }),
    );
  }

  async #startProjector(
    projection: Projection,
    platform: Omit<ConstructorParameters<typeof Projector>[0], "projection" | "store" | "source">,
  ): Promise<void> {
    const { store } = this;
    const projector = new Projector({ ...platform, projection, store, source: storeLogSource(store) });
    await projector.start();
    this.#projectors.push(projector);
    this.#undo.defer(() => projector.stop());
  }

  #run(worker: { start(): void; stop(): Promise<void> }): void {
    worker.start();
    this.#undo.defer(() => worker.stop());
  }

  async #typesOf(card: string, round: number): Promise<string[]> {
    const stream = streamOf(voucher, card, round);
    const [found] = await this.store.read([{ stream, afterRevision: 0 }]);
    return (found?.events ?? []).map(({ type }) => type);
  }

  /** Everything that is in the log by now is in the tables. */
  async #caughtUp(): Promise<void> {
    const position = await this.store.head();
    for (const projector of this.#projectors) {
      for (let slice = 0; slice < SLICES; slice++) {
        if (!(await projector.waitFor({ slice, position }, 30_000))) throw new Error(`${slice} stands still`);
      }
    }
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await delay(POLL_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}
