import { invariant } from "@taem/kernel";
import type { DomainEvent } from "@taem/schema";
import type { AppendedCommand, Command, Item } from "./command.ts";
import type { Append, AppendResult, EventStore } from "./event-store.ts";
import type { SealedSnapshots } from "./sealed-snapshots.ts";
import { SharedReader } from "./shared-reader.ts";
import { StateCache, type Wanted } from "./state-cache.ts";
import { type ExecutionTools, type States, StreamExecution, streamReadBy } from "./stream-execution.ts";

/** Why a command was not carried out, for reasons of the machinery and not of the business. */
export class HandlerRefusal extends Error {
  readonly code: "overloaded" | "outcome_unknown" | "conflict_retry_exhausted" | "shutting_down";
  constructor(code: HandlerRefusal["code"], message: string) {
    super(message);
    this.name = "HandlerRefusal";
    this.code = code;
  }
}

/** Commands of a flush, in the order in which they came. */
type ByStream = ReadonlyMap<string, readonly Item[]>;

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
  /** Bytes of state kept at most, as the aggregates weigh it. */
  readonly cacheBytes?: number;
  /** Called with what goes wrong behind an answer: a snapshot not saved, a stream that does not fold. */
  readonly onError?: (error: unknown, stream: string) => void;
  /** Why no command may be carried out now; undefined = it may. */
  readonly barred?: (() => Error | undefined) | undefined;
  /** Called for every command whose events the store has; must not throw. Without it nothing is put together for it. */
  readonly onAppended?: ((appended: AppendedCommand) => void) | undefined;
}

const DEADLINE_CHECK_MS = 50;

/**
 * Loads, decides, appends. Commands that arrive while a flush is under way are decided together in the next one and
 * appended in one round trip, each stream standing or falling alone; a conflict reads what is new in the stream and
 * decides again until the command's deadline. Correct with any number of instances on one store.
 */
export class CommandHandler {
  readonly #options: CommandHandlerOptions;
  readonly #cache: StateCache;
  readonly #maxQueued: number;
  readonly #maxBatch: number;
  readonly #executionTools: ExecutionTools;
  #queue: Item[] = [];
  #flushing: readonly Item[] = [];
  #flushStartedAt = 0;
  #loop: Promise<void> | undefined;
  #closed = false;
  readonly #deadlines: NodeJS.Timeout;

  constructor(options: CommandHandlerOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? 10_000;
    this.#maxBatch = options.maxBatch ?? 512;
    const { store, snapshots, cacheBytes = 256 * 2 ** 20 } = options;
    this.#cache = new StateCache(store, snapshots, cacheBytes, (error, stream) =>
      options.onError?.(error, stream),
    );
    this.#executionTools = { reader: new SharedReader(options.store), newId: options.newId };
    this.#deadlines = setInterval(() => this.#expire(), DEADLINE_CHECK_MS);
    this.#deadlines.unref();
  }

  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Decides a command on the stream's current state and appends its events. Commands of one stream are decided in
   * the order of their calls. Rejects with `HandlerRefusal`, with what bars it, or with what `decide` threw.
   */
  execute<S, E extends DomainEvent, R, F = undefined>(command: Command<S, E, R, F>): Promise<R> {
    if (this.#closed) return Promise.reject(new HandlerRefusal("shutting_down", "the service is stopping"));
    const barred = this.#options.barred?.();
    if (barred !== undefined) return Promise.reject(barred);
    if (this.#queue.length >= this.#maxQueued) {
      return Promise.reject(
        new HandlerRefusal("overloaded", "too many commands are waiting; repeat this one later"),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#queue.push({
      command: command as unknown as Item["command"],
      resolve: resolve as Item["resolve"],
      reject,
      expectsNew: command.expectsNew ?? false,
      state: "queued",
    });
    this.#loop ??= this.#run();
    return promise;
  }

  /** Takes no new commands, finishes those it has, and writes out states that would take long to fold again. The store stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#loop;
    await this.#cache.close();
    clearInterval(this.#deadlines);
  }

  async #run(): Promise<void> {
    do {
      // A turn of the event loop lets the requests that have arrived by now join the flush: fewer flushes, and less work.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#flush();
    } while (this.#queue.length > 0);
    this.#loop = undefined;
  }

  async #flush(): Promise<void> {
    const batch = this.#queue.splice(0, this.#maxBatch).filter((item) => item.state === "queued");
    for (const item of batch) item.state = "flushing";
    this.#flushing = batch;
    this.#flushStartedAt = performance.now();
    try {
      const byStream = Map.groupBy(batch, ({ command }) => command.stream);
      const states = await this.#prefetch(byStream);
      const executions = await this.#execute(byStream, states);
      await this.#commit(executions);
    } catch (error) {
      // Nothing is known of this flush: forget the states it touched, say so to those who wait.
      for (const item of batch) this.#fail(item, error);
    } finally {
      this.#flushing = [];
    }
  }

  #prefetch(byStream: ByStream): Promise<States> {
    return this.#cache.load(wantedBy(byStream, this.#options.store.checksReads));
  }

  async #execute(byStream: ByStream, states: States): Promise<StreamExecution[]> {
    const executions: StreamExecution[] = [];
    const waits: Promise<void>[] = [];
    for (const [stream, items] of byStream) {
      const base = states.get(stream);
      if (base === undefined || base instanceof Error) {
        for (const item of items) this.#fail(item, base);
        continue;
      }
      const execution = new StreamExecution(stream, items, states, this.#executionTools);
      const wait = execution.decide();
      if (wait !== undefined) waits.push(wait);
      executions.push(execution);
    }
    if (waits.length > 0) await Promise.all(waits);
    return executions.filter(({ isReady }) => isReady);
  }

  async #commit(executions: readonly StreamExecution[]): Promise<void> {
    if (executions.length === 0) return;
    const results = await this.#options.store.append(
      executions.map((execution) => this.#appendOf(execution)),
    );
    const again: Item[] = [];
    executions.forEach((execution, i) => {
      const result = results[i] as AppendResult;
      if (result.ok) this.#succeed(execution, result);
      else if (result.refused !== undefined)
        for (const item of execution.items) this.#fail(item, result.refused);
      else again.push(...execution.items);
    });
    // In front, and in order: lines of one account apply in the order in which they came.
    if (again.length > 0) this.#requeue(again);
  }

  #appendOf(execution: StreamExecution): Append {
    return {
      stream: execution.stream,
      slice: execution.slice,
      expectedRevision: execution.base.revision,
      events: execution.events.map(({ encoded }) => encoded),
      ...(this.#options.store.checksReads && { reads: execution.reads }),
    };
  }

  #succeed(execution: StreamExecution, result: AppendResult & { ok: true }): void {
    // States go on from here: one that is ahead of the log, or behind, would decide on what is not so.
    const { stream, base, events } = execution;
    invariant(
      result.revision === base.revision + events.length,
      () => `${stream} has ${base.revision} and ${events.length} events more, not ${result.revision}`,
    );
    // Before the cache makes the execution's base what it is now.
    if (this.#options.onAppended !== undefined) this.#tell(execution, this.#options.onAppended);
    if (events.length > 0) this.#cache.put(execution.commit(result.revision), execution.aggregate);
    const position = result.position ?? "";
    for (const { item, answer, revision } of execution.answers) {
      if (item.state === "done") continue;
      item.state = "done";
      try {
        item.resolve(answer({ position, revision }));
      } catch (error) {
        item.reject(error);
      }
    }
  }

  #tell(
    { stream, base, events, answers }: StreamExecution,
    onAppended: (appended: AppendedCommand) => void,
  ): void {
    const startedAt = this.#flushStartedAt;
    let before = base.revision;
    for (const { item, revision } of answers) {
      const { meta, traceparent } = item.command;
      const own = events.slice(before - base.revision, revision - base.revision);
      before = revision;
      if (own.length === 0) continue;
      const encoded = own.map((event) => event.encoded);
      onAppended({ stream, revision, events: encoded, meta, traceparent, startedAt });
    }
  }

  #requeue(items: readonly Item[]): void {
    const now = this.#options.now();
    for (const item of items) {
      const { stream, reads } = item.command;
      this.#cache.markStale(stream);
      if (reads !== undefined) this.#cache.markStale(reads.stream);
      item.expectsNew = false;
      if (item.state === "done") continue;
      item.state = "queued";
      if (now >= item.command.deadline) {
        this.#refuse(item, "conflict_retry_exhausted", "the account kept changing; repeat with the same key");
      }
    }
    this.#queue.unshift(...items.filter((item) => item.state === "queued"));
  }

  #fail(item: Item, error: unknown): void {
    this.#cache.forget(item.command.stream);
    this.#options.onError?.(error, item.command.stream);
    if (item.state === "done") return;
    item.state = "done";
    item.reject(error);
  }

  /** Whoever is past the deadline is answered now; a flush under way goes on, its outcome stays in the log. */
  #expire(): void {
    const now = this.#options.now();
    for (const item of this.#flushing) {
      if (item.state === "flushing" && now >= item.command.deadline) {
        this.#refuse(item, "outcome_unknown", "the store has not answered in time; repeat with the same key");
      }
    }
    for (const item of this.#queue) {
      if (item.state === "queued" && now >= item.command.deadline) {
        this.#refuse(item, "overloaded", "the command waited too long and was not begun; repeat it later");
      }
    }
  }

  #refuse(item: Item, code: HandlerRefusal["code"], message: string): void {
    item.state = "done";
    item.reject(new HandlerRefusal(code, message));
  }
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
