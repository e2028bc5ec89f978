import { type Database, openPool } from "@taem/postgres";
import { migrateQueues, Projector, storeLogSource } from "@taem/processing";
import { createLogger, createMetrics, newId } from "@taem/runtime";
import type { Api } from "@taem/testing/api";
import { audit, type Findings } from "@taem/testing/auditor";
import { type Service, startService } from "@taem/testing/commands-service";
import { breaks, faultyStore, losesAnswer } from "@taem/testing/faulty-store";
import { START, source, succeeds } from "@taem/testing/programme";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { expect, vi } from "vitest";
import { type AccountKeeper, createRunners } from "../../../src/reactions/runners.ts";
import { sweeps } from "../../../src/reactions/sweeps.ts";
import { transfers } from "../../../src/reactions/transfers.ts";

const PTS = { currency: "PTS" };
/** Polls for what a scheduler does, which looks for work once a second. */
export const SOON = { timeout: 60_000, interval: 50 };
/** Past the grace that whoever began a transfer has to end it. */
export const LATER_MS = 60_000;
/** What is earned on START and valid for 30 days is dead from here on. */
export const DEAD = "2026-04-09T17:00:00.000Z";
export const MONTHLY = {
  expiry: { kind: "term", term: { count: 30, unit: "days" } },
  clock: { mode: "replay", at: START },
};

type Sweep = Parameters<AccountKeeper["sweep"]>[0];
type Transfer = Parameters<AccountKeeper["completeTransfer"]>[0];
type Caller = Parameters<AccountKeeper["sweep"]>[1];

/** Does a scheduler's work by an instance of the commands service, and notes what it was asked for. */
export class TestKeeper implements AccountKeeper {
  readonly swept: Sweep[] = [];
  readonly completed: Transfer[] = [];
  /** How often it was asked what time it is for a programme: once a round at least, while it has timers. */
  readonly rounds = new Map<string, number>();
  /** Happen before and after the work; what they throw is a failure of it. */
  before: (what: Sweep | Transfer) => Promise<void> | void = () => undefined;
  after: (what: Sweep | Transfer) => Promise<void> | void = () => undefined;
  beforeNow: (programme: string) => void = () => undefined;
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  now(programme: string): Promise<number> {
    this.rounds.set(programme, this.roundsOf(programme) + 1);
    this.beforeNow(programme);
    return this.#service.commands.now(programme);
  }

  roundsOf(programme: string): number {
    return this.rounds.get(programme) ?? 0;
  }

  /** Resolves when it has looked at the programme so many times more. */
  async passes(programme: string, rounds: number): Promise<void> {
    const last = this.roundsOf(programme) + rounds;
    const passed = () => {
      if (this.roundsOf(programme) < last) throw new Error(`${programme} was not looked at ${rounds} times`);
    };
    await vi.waitFor(passed, SOON);
  }

  async sweep(account: Sweep, caller: Caller): Promise<void> {
    await this.before(account);
    await this.#service.commands.sweep(account, caller);
    this.swept.push(account);
    await this.after(account);
  }

  async completeTransfer(transfer: Transfer, caller: Caller): Promise<string | undefined> {
    await this.before(transfer);
    const reason = await this.#service.commands.completeTransfer(transfer, caller);
    this.completed.push(transfer);
    await this.after(transfer);
    return reason;
  }
}

/** What everything that a scheduler runs is given. */
export function scheduling(database: Database) {
  const logger = createLogger({ service: "scheduler", level: "silent" });
  return { database, logger, metrics: createMetrics() };
}

/** A log with accounts in it, and whatever schedulers a test runs on it. */
export class Installation implements AsyncDisposable {
  readonly testStore: TestStore;
  readonly database: Database;
  readonly service: Service;
  readonly api: Api;
  readonly #undo: AsyncDisposableStack;

  private constructor(
    undo: AsyncDisposableStack,
    testStore: TestStore,
    database: Database,
    service: Service,
  ) {
    this.#undo = undo;
    this.testStore = testStore;
    this.database = database;
    this.service = service;
    this.api = service.api();
  }

  static async open(): Promise<Installation> {
    await using undo = new AsyncDisposableStack();
    const testStore = undo.use(await openTestStore());
    const database = undo.use(openPool({ url: testStore.url, max: 16, applicationName: "scheduler-test" }));
    await migrateQueues(database);
    const service = undo.use(await startService({ store: testStore.store }));
    return new Installation(undo.move(), testStore, database, service);
  }

  /** Runs a scheduler until disposed; its clock is so many milliseconds ahead of the machine's. */
  async schedule(keeper: AccountKeeper, ahead: number | (() => number) = 0): Promise<AsyncDisposable> {
    const aheadMs = typeof ahead === "number" ? () => ahead : ahead;
    const { database, testStore } = this;
    const { store } = testStore;
    const source = storeLogSource(store);
    const platform = { ...scheduling(database), clock: { now: () => Date.now() + aheadMs() }, newId };
    await using undo = new AsyncDisposableStack();
    for (const { projection } of [sweeps, transfers]) {
      const projector = new Projector({ ...platform, projection, store, source });
      await projector.start();
      undo.defer(() => projector.stop());
    }
    for (const runner of createRunners(platform, keeper)) {
      runner.start();
      undo.defer(() => runner.stop());
    }
    return undo.move();
  }

  /** A keeper that works through an instance of its own. */
  async anotherKeeper(): Promise<TestKeeper> {
    const store = await this.testStore.another();
    return new TestKeeper(this.#undo.use(await startService({ store })));
  }

  /** Our id of a programme. */
  async idOf(programme: string): Promise<string> {
    const { body } = await succeeds(this.api.get(`/v1/programmes/${programme}`));
    return (body as unknown as { readonly id: string }).id;
  }

  async earn(path: string, points = "100", receipt = "earn"): Promise<void> {
    await succeeds(this.api.post(`${path}/earn`, { ...PTS, points, source: source(receipt) }));
  }

  async setClock(programme: string, at: string): Promise<void> {
    await succeeds(this.api.put(`/v1/programmes/${programme}/clock`, { mode: "replay", at }));
  }

  /** Leaves a transfer half done: whoever began it died when the points had left. */
  async beginTransfer(programme: string, from: string, to: string): Promise<void> {
    const store = faultyStore(this.testStore.store);
    await using dying = await startService({ store });
    store.appendFaults.push(losesAnswer, ...Array(20).fill(breaks));
    const path = `/v1/programmes/${programme}/members/${from}/transfers`;
    const { status } = await dying.api().post(path, { ...PTS, points: "60", to }, "transfer");
    expect(status).toBe(503);
  }

  /** Types of the events of a member's account, in their order. */
  async typesOf(member: string): Promise<string[]> {
    const log = await wholeLog(this.testStore.store);
    const isOfMember = ({ stream, data }: { stream: string; data: string }) =>
      stream.startsWith("taem.account-") && JSON.parse(data).member === member;
    return log.filter(isOfMember).map(({ type }) => type);
  }

  async findings(): Promise<Findings> {
    return audit(await wholeLog(this.testStore.store));
  }

  head(): Promise<string> {
    return this.testStore.store.head();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}
