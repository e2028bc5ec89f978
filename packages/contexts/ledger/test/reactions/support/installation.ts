import type { Database } from "@taem/postgres";
import type { Api } from "@taem/testing/api";
import { audit, type Findings } from "@taem/testing/auditor";
import { dieAt, type Service, startService } from "@taem/testing/commands-service";
import { losesAnswer } from "@taem/testing/faulty-store";
import { START, source, succeeds } from "@taem/testing/programme";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { vi } from "vitest";

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

type AccountKeeper = Service["ports"]["accountKeeper"];
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
  readonly #keeper: AccountKeeper;

  constructor({ ports }: Service) {
    this.#keeper = ports.accountKeeper;
  }

  now(programme: string): Promise<number> {
    this.rounds.set(programme, this.roundsOf(programme) + 1);
    this.beforeNow(programme);
    return this.#keeper.now(programme);
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
    await this.#keeper.sweep(account, caller);
    this.swept.push(account);
    await this.after(account);
  }

  async completeTransfer(transfer: Transfer, caller: Caller): Promise<string | undefined> {
    await this.before(transfer);
    const reason = await this.#keeper.completeTransfer(transfer, caller);
    this.completed.push(transfer);
    await this.after(transfer);
    return reason;
  }
}

/** A log with accounts in it, and whatever schedulers a test runs on it. */
export class Installation implements AsyncDisposable {
  readonly testStore: TestStore;
  readonly service: Service;
  readonly api: Api;
  readonly #undo: AsyncDisposableStack;

  private constructor(undo: AsyncDisposableStack, testStore: TestStore, service: Service) {
    this.#undo = undo;
    this.testStore = testStore;
    this.service = service;
    this.api = service.api();
  }

  static async open(): Promise<Installation> {
    await using undo = new AsyncDisposableStack();
    const testStore = undo.use(await openTestStore());
    const service = undo.use(await startService(testStore));
    return new Installation(undo.move(), testStore, service);
  }

  get database(): Database {
    return this.service.platform.database;
  }

  /** Runs a scheduler until disposed; its clock is so many milliseconds ahead of the machine's. */
  schedule(keeper: AccountKeeper, ahead: number | (() => number) = 0): Promise<AsyncDisposable> {
    const aheadMs = typeof ahead === "number" ? () => ahead : ahead;
    const clock = { now: () => Date.now() + aheadMs() };
    return startService(this.testStore, {
      services: "scheduler",
      clock,
      ports: { accountKeeper: keeper },
    });
  }

  /** A keeper that works through an instance of its own. */
  async anotherKeeper(): Promise<TestKeeper> {
    const store = await this.testStore.another();
    return new TestKeeper(this.#undo.use(await startService(this.testStore, { store })));
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
    const path = `/v1/programmes/${programme}/members/${from}/transfers`;
    const command = { ...PTS, points: "60", to };
    await dieAt(1, losesAnswer, this.testStore, (by) => by.post(path, command, "transfer"));
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
