import { randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import type { Database } from "@taem/postgres";
import { createLogger, createMetrics } from "@taem/runtime";
import type { DomainEvent, Provenance } from "@taem/schema";
import type { Projection } from "../projection.ts";
import { Projector } from "../projector.ts";
import type { Outcome } from "../queue/outcome.ts";
import type { QueueWorker } from "../queue/queue-worker.ts";
import { migrateQueues, tableOf } from "../queue/schema.ts";
import { createOutboxSender, type SentCommand } from "../reactions/outbox-sender.ts";
import type { Reactor } from "../reactions/reactor.ts";
import { TimerSender } from "../reactions/timer-sender.ts";
import { storeLogSource } from "../store-log-source.ts";
import { type StampCommand, stampCards, vouchers } from "./stamp-cards.ts";
import { StampShop } from "./stamp-shop.ts";

/** What an adapter brings: an empty store, and an empty database beside it or around it. */
export interface ReactionsHarness extends AsyncDisposable {
  readonly store: EventStore;
  readonly database: Database;
}

/** One thing that is true of every reactor, timer or inbox on every event store. Throws when it is not. */
export interface Fact {
  readonly name: string;
  readonly test: (bench: Bench) => Promise<void>;
}

const CAUGHT_UP_MS = 30_000;

export const BY_HAND: Provenance = { actor: "test", correlation: "by hand" };

/** An installation whose clocks and whose work are in the test's hands. */
export class Bench implements AsyncDisposable {
  readonly store: EventStore;
  readonly database: Database;
  readonly logger = createLogger({ service: "test", level: "silent" });
  readonly metrics = createMetrics();
  /** Server time. */
  now = 1_000_000;
  /** By every scope's clock. */
  readonly clocks = new Map<string, number>();
  readonly shop: StampShop;
  readonly #undo: AsyncDisposableStack;

  private constructor({ store, database }: ReactionsHarness, undo: AsyncDisposableStack, stock: bigint) {
    this.store = store;
    this.database = database;
    this.shop = undo.use(new StampShop(store, randomUUID(), randomUUID, { stock }));
    this.#undo = undo;
  }

  static async open(makeHarness: () => Promise<ReactionsHarness>, stock = 1_000n): Promise<Bench> {
    await using undo = new AsyncDisposableStack();
    const harness = undo.use(await makeHarness());
    await migrateQueues(harness.database);
    return new Bench(harness, undo.move(), stock);
  }

  get platform() {
    const { database, logger, metrics } = this;
    return { database, logger, metrics, clock: { now: () => this.now } };
  }

  /** Has everything that is in the log by now in the tables. */
  async project(projection: Projection, batchSize = 2_000): Promise<void> {
    const { store } = this;
    const projector = new Projector({
      ...this.platform,
      projection,
      store,
      source: storeLogSource(store),
      batchSize,
    });
    await projector.start();
    try {
      const position = await store.head();
      for (let slice = 0; slice < SLICES; slice++) {
        if (!(await projector.waitFor({ slice, position }, CAUGHT_UP_MS)))
          throw new Error(`${slice} stands still`);
      }
    } finally {
      await projector.stop();
    }
  }

  sender<C extends DomainEvent>(
    reactor: Pick<Reactor<DomainEvent, C>, "name" | "commands">,
    deliver: (sent: SentCommand<C>) => Promise<Outcome>,
  ): QueueWorker {
    return createOutboxSender({ ...this.platform, reactor, deliver });
  }

  timers(
    reactor: Pick<Reactor, "name">,
    now = async (scope: string) => this.clocks.get(scope) ?? 0,
  ): TimerSender {
    return new TimerSender({ ...this.platform, reactor, now });
  }

  /** Everything that follows from what is in the log, until nothing does any more. */
  async settle(): Promise<void> {
    const carryOut = ({ command, provenance }: SentCommand<StampCommand>) =>
      this.shop.carryOut(command, provenance);
    const senders = [this.sender(stampCards, carryOut), this.sender(vouchers, carryOut)];
    for (let done = 1; done > 0; ) {
      for (const { projection } of [stampCards, vouchers]) await this.project(projection);
      done = await this.timers(vouchers).runOnce();
      for (const sender of senders) done += await drain(sender);
    }
  }

  async giveStamps(card: string, from: number, to: number): Promise<void> {
    for (let stamp = from; stamp <= to; stamp++) await this.shop.giveStamp(card, `receipt ${stamp}`, BY_HAND);
  }

  async outbox(reactor: Pick<Reactor, "name">): Promise<Record<string, unknown>[]> {
    const { rows } = await this.database.query(
      `SELECT key, lane, type, body, meta, state, attempts, error FROM ${tableOf("outbox")} WHERE queue = $1 ORDER BY seq`,
      [reactor.name],
    );
    return rows;
  }

  /** Rows of a table, and of what comes with it, in an order of their own. */
  async rows(table: string): Promise<Record<string, unknown>[]> {
    const { rows } = await this.database.query(`SELECT * FROM ${table} t ORDER BY t`);
    return rows;
  }

  /** Types of the events of a category, in log order. */
  async typesOf(category: string): Promise<string[]> {
    const types: string[] = [];
    for (let after = ""; ; ) {
      const page = await this.store.readLog(after, 500);
      if (page.events.length === 0) return types;
      types.push(
        ...page.events.filter(({ stream }) => stream.startsWith(`taem.${category}-`)).map(({ type }) => type),
      );
      after = page.next;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}

/** Rounds until one finds nothing; how much was done. */
export async function drain(worker: Pick<QueueWorker, "runOnce">): Promise<number> {
  let all = 0;
  for (let done = 1; done > 0; all += done) done = await worker.runOnce();
  return all;
}

export function newCard(): string {
  return randomUUID();
}
