import type { DomainEvent } from "@taem/schema";
import type { Answer, AppendedCommand, Command, Item } from "./command.ts";
import { type ByStream, CommandQueue } from "./command-queue.ts";
import { type AppendResult, type EventStore, OutcomeUnknown, StoreUnavailable } from "./event-store.ts";
import type { SealedSnapshots } from "./sealed-snapshots.ts";
import { SharedReader } from "./shared-reader.ts";
import { StateCache, type Wanted } from "./state-cache.ts";
import { type ExecutionTools, type States, StreamExecution, streamReadBy } from "./stream-execution.ts";

/** Why a command was not carried out, for reasons of the machinery and not of the business. */
export class HandlerRefusal extends Error {
  readonly code: "overloaded" | "outcome_unknown" | "conflict_retry_exhausted" | "shutting_down";
  constructor(code: HandlerRefusal["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HandlerRefusal";
    this.code = code;
  }
}

export interface CommandHandlerOptions {
  readonly store: EventStore;
  /** Without them every stream is folded from its start. */
  readonly snapshots?: SealedSnapshots | undefined;
  /** Random UUIDs for events. */
  readonly newId: () => string;
  /** Milliseconds, for deadlines only. */
  readonly now: () => number;
  /** Commands waiting at most; beyond, `overloaded` before any work. */
  readonly maxQueued?: number;
  /** Commands decided and appended together at most. */
  readonly maxBatch?: number;
  /** Flushes under way at a time, and so many times `maxBatch` commands at most. */
  readonly maxFlushes?: number;
  /** Bytes of state kept at most, as the aggregates weigh it. */
  readonly cacheBytes?: number;
  /** Called with what goes wrong behind an answer: a snapshot not saved, a stream that does not fold. */
  readonly onError?: (error: unknown, stream: string) => void;
  /** Why no command may be carried out now; undefined = it may. */
  readonly barred?: (() => Error | undefined) | undefined;
  /** Called for every command whose events the store has; must not throw. Without it nothing is put together for it. */
  readonly onAppended?: ((appended: AppendedCommand) => void) | undefined;
}

const CHECK_MS = 50;
/** A flush that so many checks have met is slow: far longer than a full one takes where all is well. */
const SLOW_AFTER_CHECKS = 4;

/** Loads and decides, and appends where the store takes many appends at once. */
interface Flush {
  /** Of `performance.now()`. */
  readonly startedAt: number;
  checks: number;
}

/** Undefined where nothing is to be appended or confirmed: whoever waited has been answered. */
type Decided = StreamExecution | undefined;

/**
 * Loads, decides, appends. Commands that arrive while a flush is under way are decided together in the next one and
 * appended in one round trip, each stream standing, falling and answering alone; a conflict reads what is new in the stream
 * and decides again until the command's deadline. A stream is in one flush at a time. Correct with any number of instances on
 * one store.
 */
export class CommandHandler {
  readonly #options: CommandHandlerOptions;
  readonly #cache: StateCache;
  readonly #maxQueued: number;
  readonly #maxBatch: number;
  readonly #maxFlushes: number;
  readonly #executionTools: ExecutionTools;
  readonly #queue = new CommandQueue();
  readonly #flushes = new Set<Flush>();
  #isFlushDue = false;
  #isClosed = false;
  readonly #idle = Promise.withResolvers<void>();
  readonly #checks: NodeJS.Timeout;

  constructor(options: CommandHandlerOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? 10_000;
    this.#maxBatch = options.maxBatch ?? 512;
    this.#maxFlushes = options.maxFlushes ?? 4;
    const { store, snapshots, cacheBytes = 256 * 2 ** 20 } = options;
    this.#cache = new StateCache(store, snapshots, cacheBytes, (error, stream) =>
      this.#report(error, stream),
    );
    this.#executionTools = { reader: new SharedReader(options.store), newId: options.newId };
    this.#checks = setInterval(() => this.#check(), CHECK_MS);
    this.#checks.unref();
  }

  get queued(): number {
    return this.#queue.waiting;
  }

  /**
   * Decides a command on the stream's current state and appends its events. Commands of one stream are decided in
   * the order of their calls. Rejects with `HandlerRefusal`, with what bars it, or with what `decide` threw.
   */
  execute<S, E extends DomainEvent, R, F = undefined>(command: Command<S, E, R, F>): Promise<R> {
    if (this.#isClosed) return Promise.reject(new HandlerRefusal("shutting_down", "the service is stopping"));
    const barred = this.#options.barred?.();
    if (barred !== undefined) return Promise.reject(barred);
    if (this.#queue.waiting >= this.#maxQueued) {
      return Promise.reject(
        new HandlerRefusal("overloaded", "too many commands are waiting; repeat this one later"),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#queue.add({
      command: command as unknown as Item["command"],
      resolve: resolve as Item["resolve"],
      reject,
      expectsNew: command.expectsNew ?? false,
      state: "queued",
    });
    this.#goOn();
    return promise;
  }

  /**
   * Takes no new commands, answers those it has, and writes out states that would take long to fold again. The store stays open, and
   * may still be trying to append what was answered as unknown: it gives that up when it is closed.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#goOn();
    await this.#idle.promise;
    await this.#cache.close();
    clearInterval(this.#checks);
  }

  #isAllAnswered(): boolean {
    if (this.#queue.waiting > 0) return false;
    for (const { state } of this.#queue.underWay()) if (state !== "done") return false;
    return true;
  }

  /** Begins a flush if there is one to begin, be it `small`. */
  #goOn(small?: "small"): void {
    if (this.#isClosed && this.#isAllAnswered()) this.#idle.resolve();
    if (this.#isFlushDue || !this.#mayFlush() || (small === undefined && this.#isSmall())) return;
    this.#isFlushDue = true;
    // A turn of the event loop lets the requests that have arrived by now join the flush: fewer flushes, and less work.
    setImmediate(() => {
      this.#isFlushDue = false;
      if (this.#mayFlush()) void this.#flush();
    });
  }

  /** One flush after the other makes the largest ones, which cost the least; only a slow one holds nobody up. */
  #mayFlush(): boolean {
    if (this.#queue.ready === 0 || this.#room() <= 0 || this.#flushes.size >= this.#maxFlushes) return false;
    for (const { checks } of this.#flushes) if (checks < SLOW_AFTER_CHECKS) return false;
    return true;
  }

  /** Less than its share of what is under way: until the next check more may come to share its reads. */
  #isSmall(): boolean {
    return this.#queue.ready * this.#maxFlushes < this.#queue.taken;
  }

  #room(): number {
    return Math.min(this.#maxBatch, this.#maxFlushes * this.#maxBatch - this.#queue.taken);
  }

  async #flush(): Promise<void> {
    const flush: Flush = { startedAt: performance.now(), checks: 0 };
    this.#flushes.add(flush);
    const byStream = this.#queue.take(this.#room());
    for (const items of byStream.values()) for (const item of items) item.state = "flushing";
    await this.#carryOut(byStream, flush);
    this.#flushes.delete(flush);
    this.#goOn();
  }

  async #carryOut(byStream: ByStream, flush: Flush): Promise<void> {
    let states: States;
    try {
      states = await this.#cache.load(wantedBy(byStream, this.#options.store.checksReads));
    } catch (error) {
      if (byStream.size === 1 || isOfAll(error)) return this.#fail(byStream, error);
      // What is wrong with one stream is found apart from the others.
      await Promise.all(halves([...byStream]).map((half) => this.#carryOut(new Map(half), flush)));
      return;
    }
    const decided: (Decided | Promise<Decided>)[] = [];
    for (const [stream, items] of byStream) {
      const execution = this.#decide(stream, items, states, flush);
      if (this.#options.store.groupsAppends) decided.push(execution);
      else void this.#appendAlone(execution);
    }
    await this.#append((await Promise.all(decided)).filter((execution) => execution !== undefined));
  }

  #decide(
    stream: string,
    items: readonly Item[],
    states: States,
    { startedAt }: Flush,
  ): Decided | Promise<Decided> {
    try {
      const execution = new StreamExecution(stream, items, states, startedAt, this.#executionTools);
      const waits = execution.decide();
      if (waits === undefined) return this.#ifReady(execution);
      return waits.then(
        () => this.#ifReady(execution),
        (error: unknown) => this.#fall(stream, items, error),
      );
    } catch (error) {
      return this.#fall(stream, items, error);
    }
  }

  #ifReady(execution: StreamExecution): Decided {
    if (execution.isReady) return execution;
    this.#queue.giveBack(execution.stream);
    return undefined;
  }

  async #appendAlone(decided: Decided | Promise<Decided>): Promise<void> {
    const execution = await decided;
    if (execution !== undefined) await this.#append([execution]);
    this.#goOn();
  }

  async #append(executions: readonly StreamExecution[]): Promise<void> {
    if (executions.length === 0) return;
    const { store } = this.#options;
    let results: readonly AppendResult[];
    try {
      results = await store.append(executions.map((execution) => execution.toAppend(store.checksReads)));
    } catch (error) {
      if (executions.length > 1 && !isOfAll(error)) {
        // Nothing of them was written, or is found made: apart, those that are sound stand.
        await Promise.all(halves(executions).map((half) => this.#append(half)));
      } else for (const { stream, items } of executions) this.#fall(stream, items, error);
      return;
    }
    for (const [i, execution] of executions.entries()) this.#settle(execution, results[i]);
  }

  #settle(execution: StreamExecution, result: AppendResult | undefined): void {
    const { stream, items } = execution;
    if (result?.ok === false && result.refused === undefined) this.#retry(execution);
    else if (result?.ok === false) this.#fall(stream, items, result.refused);
    else if (result?.revision === execution.revision) this.#succeed(execution, result.position ?? "");
    else this.#fall(stream, items, unanswered(new Error(`${stream} is not where its events lead to`)));
  }

  /** Whatever is thrown here, the events are stored: no command that wrote some may look refused. */
  #succeed(execution: StreamExecution, position: string): void {
    const { stream, events, aggregate } = execution;
    const { onAppended } = this.#options;
    const faults: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        faults.push(error);
      }
    };
    if (events.length > 0) attempt(() => this.#cache.put(execution.commit(), aggregate));
    for (const answer of execution.answers) {
      if (answer.wrote > 0 && onAppended !== undefined)
        attempt(() => onAppended(toAppended(execution, answer)));
      const { item, revision } = answer;
      if (item.state === "done") continue;
      item.state = "done";
      try {
        item.resolve(answer.answer({ position, revision }));
      } catch (error) {
        if (answer.wrote > 0) faults.push(error);
        item.reject(answer.wrote > 0 ? unanswered(error) : error);
      }
    }
    if (faults.length > 0) this.#cache.forget(stream);
    for (const fault of faults) this.#report(fault, stream);
    this.#queue.giveBack(stream);
  }

  /** The stream has moved on, or what its commands read. */
  #retry({ stream, items }: StreamExecution): void {
    const now = this.#options.now();
    const again: Item[] = [];
    this.#cache.markStale(stream);
    for (const item of items) {
      const { reads, deadline } = item.command;
      if (reads !== undefined) this.#cache.markStale(reads.stream);
      item.expectsNew = false;
      if (item.state === "done") continue;
      if (now >= deadline) {
        this.#refuse(item, "conflict_retry_exhausted", "the account kept changing; repeat with the same key");
      } else {
        item.state = "queued";
        again.push(item);
      }
    }
    this.#queue.giveBack(stream, again);
  }

  #fail(byStream: ByStream, error: unknown): void {
    for (const [stream, items] of byStream) this.#fall(stream, items, error);
  }

  /** A stream falls alone; nothing is taken to be known of it. */
  #fall(stream: string, items: readonly Item[], error: unknown): undefined {
    this.#cache.forget(stream);
    this.#report(error, stream);
    for (const item of items) {
      if (item.state === "done") continue;
      item.state = "done";
      item.reject(error);
    }
    this.#queue.giveBack(stream);
  }

  /** Whoever reports it may fail as well: that is nobody's business here. */
  #report(error: unknown, stream: string): void {
    try {
      this.#options.onError?.(error, stream);
    } catch {}
  }

  /** Whoever is past the deadline is answered now; what is under way goes on, its outcome stays in the log. */
  #check(): void {
    const now = this.#options.now();
    for (const item of this.#queue.underWay()) {
      if (item.state === "flushing" && now >= item.command.deadline) {
        this.#refuse(item, "outcome_unknown", "the store has not answered in time; repeat with the same key");
      }
    }
    for (const item of this.#queue.takeOverdue(now)) {
      this.#refuse(item, "overloaded", "the command waited too long and was not begun; repeat it later");
    }
    for (const flush of this.#flushes) flush.checks++;
    this.#goOn("small");
  }

  #refuse(item: Item, code: HandlerRefusal["code"], message: string): void {
    item.state = "done";
    item.reject(new HandlerRefusal(code, message));
  }
}

function toAppended(
  { stream, base, events, startedAt }: StreamExecution,
  { item, revision, wrote }: Answer,
): AppendedCommand {
  const { meta, traceparent } = item.command;
  const end = revision - base.revision;
  const own = events.slice(end - wrote, end).map(({ encoded }) => encoded);
  return { stream, revision, events: own, meta, traceparent, startedAt };
}

/** To a command whose events are stored, where its answer cannot be made. */
function unanswered(cause: unknown): HandlerRefusal {
  const message = "the command was carried out but cannot be answered; repeat it with the same key";
  return new HandlerRefusal("outcome_unknown", message, { cause });
}

/** Whether it says nothing of one stream: the store is away, or closed. */
function isOfAll(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof OutcomeUnknown;
}

function halves<T>(items: readonly T[]): readonly (readonly T[])[] {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
}

/**
 * The streams that commands are about, and those that they read: of these what is new, where nothing else says whether the
 * decision stood on the present one. One read for all, however many there are.
 */
function wantedBy(byStream: ByStream, isChecked: boolean): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const [stream, items] of byStream) {
    const { aggregate } = (items[0] as Item).command;
    wanted.set(stream, { stream, aggregate, expectsNew: items.every((item) => item.expectsNew) });
  }
  for (const items of byStream.values()) {
    // The append says whether what was read has moved on: of one stream, at a store that looks.
    const isFresh = !(isChecked && streamReadBy(items) !== undefined);
    for (const { command } of items) {
      if (command.reads === undefined) continue;
      const known = wanted.get(command.reads.stream);
      if (known === undefined || known.expectsNew || (isFresh && known.isFresh !== true))
        wanted.set(command.reads.stream, { ...command.reads, expectsNew: false, isFresh });
    }
  }
  return [...wanted.values()];
}
