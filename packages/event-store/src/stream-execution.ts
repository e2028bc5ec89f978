import type { DomainEvent, Provenance } from "@taem/schema";
import type { Aggregate, Step } from "./aggregate.ts";
import type { Answer, Item } from "./command.ts";
import type { Append, Head, NewEvent } from "./event-store.ts";
import type { SharedReader } from "./shared-reader.ts";
import type { CachedState } from "./state-cache.ts";
import { eventMissing } from "./stream-damage.ts";

type AnyStep = Step<unknown, DomainEvent, unknown>;
type Waiting = Extract<AnyStep, { readonly load: unknown }>;

export interface ExecutionTools {
  readonly reader: SharedReader;
  /** Random UUIDs for events. */
  readonly newId: () => string;
}

/** By stream; an Error for one that does not fold. */
export type States = ReadonlyMap<string, CachedState | Error>;

interface DecidedEvent {
  readonly event: DomainEvent;
  readonly encoded: NewEvent;
}

/**
 * The commands of one stream in one flush: decided one after the other on a draft of the stream's state. Whatever is
 * thrown on the way is the fault of that one command; the others never notice. Like a refusal, it is believed only
 * once the store has confirmed that the state was current: on an old one even a sound decision may not fold.
 */
export class StreamExecution {
  readonly stream: string;
  readonly items: readonly Item[];
  readonly base: CachedState;
  /** Of `performance.now()`: when the flush began. */
  readonly startedAt: number;
  readonly aggregate: Aggregate<unknown>;
  readonly events: DecidedEvent[] = [];
  readonly answers: Answer[] = [];
  readonly #tools: ExecutionTools;
  readonly #states: States;
  #draft: unknown;

  /** `states` are those of this stream, and of all that the commands read. */
  constructor(
    stream: string,
    items: readonly Item[],
    states: States,
    startedAt: number,
    tools: ExecutionTools,
  ) {
    this.stream = stream;
    this.items = items;
    this.base = stateOf(states, stream);
    this.startedAt = startedAt;
    this.#states = states;
    this.aggregate = (items[0] as Item).command.aggregate as Aggregate<unknown>;
    this.#tools = tools;
    this.#draft = this.aggregate.draft(this.base.state);
  }

  /** Of the stream, once its events are appended. */
  get revision(): number {
    return this.base.revision + this.events.length;
  }

  /** A stream stays in the slice in which it began. */
  get #slice(): number {
    return this.base.slice ?? (this.items[0] as Item).command.slice;
  }

  /** What the decisions stood on beside the stream; undefined where that is nothing, or not one stream alone. */
  get #reads(): Head | undefined {
    const stream = streamReadBy(this.items);
    const state = stream === undefined ? undefined : this.#states.get(stream);
    return state === undefined || state instanceof Error
      ? undefined
      : { stream: state.stream, revision: state.revision };
  }

  /** Something is to be appended or confirmed. */
  get isReady(): boolean {
    return this.answers.length > 0;
  }

  /** Decides every command; a promise only when one of them needs earlier events. */
  decide(): Promise<void> | undefined {
    return this.#decideFrom(0);
  }

  toAppend(checksReads: boolean): Append {
    return {
      stream: this.stream,
      slice: this.#slice,
      expectedRevision: this.base.revision,
      events: this.events.map(({ encoded }) => encoded),
      ...(checksReads && { reads: this.#reads }),
    };
  }

  commit(): CachedState {
    const { stream, revision } = this;
    const state = this.aggregate.commit(this.#draft);
    return { stream, slice: this.#slice, revision, state, stale: false };
  }

  #decideFrom(first: number): Promise<void> | undefined {
    for (let i = first; i < this.items.length; i++) {
      const item = this.items[i] as Item;
      const waiting = this.#attempt(item, () => this.#take(item, this.#decide(item)));
      if (waiting !== undefined) return this.#loadThenGoOn(item, waiting, i);
    }
    return undefined;
  }

  #decide({ command: { decide, reads } }: Item): AnyStep {
    return decide(this.#draft, reads && stateOf(this.#states, reads.stream).state);
  }

  async #loadThenGoOn(item: Item, waiting: Waiting, at: number): Promise<void> {
    try {
      let step: Waiting | undefined = waiting;
      while (step !== undefined) {
        const { load, next }: Waiting = step;
        const events = await this.#load(load.revision, load.count);
        step = this.#attempt(item, () => this.#take(item, next(events)));
      }
    } catch (error) {
      if (item.state !== "done") item.reject(error);
      item.state = "done";
    }
    await this.#decideFrom(at + 1);
  }

  /** Earlier events of the stream, be they stored or decided a moment ago in this very flush. */
  async #load(revision: number, count: number): Promise<DomainEvent[]> {
    const stored = Math.min(count, Math.max(0, this.base.revision - revision + 1));
    const ahead = Math.max(0, revision - this.base.revision - 1);
    const decided = this.events.slice(ahead, ahead + count - stored).map(({ event }) => event);
    if (stored === 0) return decided;
    const request = { stream: this.stream, afterRevision: revision - 1, limit: stored };
    const events = await this.#tools.reader.read(request);
    if (events.length < stored) throw eventMissing(this.stream, revision + events.length);
    return [...events.map((event) => this.aggregate.events.decode(event)), ...decided];
  }

  /** Takes a decision over into the draft; one that needs earlier events comes back. */
  #take(item: Item, step: AnyStep): Waiting | undefined {
    if ("load" in step) return step;
    const before = this.events.length;
    try {
      for (const event of step.events) {
        const encoded = this.#encode(event, item.command.meta);
        this.#draft = this.aggregate.evolve(this.#draft, event);
        this.events.push({ event, encoded });
      }
      const answer = step.answer(this.#draft);
      this.answers.push({ item, answer, revision: this.revision, wrote: this.events.length - before });
    } catch (error) {
      this.#undoTo(before);
      throw error;
    }
    return undefined;
  }

  /** An event as it is appended; throws when the stream may not hold it. */
  #encode(event: DomainEvent, meta: Provenance): NewEvent {
    const { events } = this.aggregate;
    const { type } = event;
    return { id: this.#tools.newId(), type, data: events.encode(event), meta: events.encodeMeta(type, meta) };
  }

  /** The draft as it was after that many events: what has been folded in cannot be taken out again. */
  #undoTo(count: number): void {
    this.events.length = count;
    this.#draft = this.aggregate.draft(this.base.state);
    for (const { event } of this.events) this.#draft = this.aggregate.evolve(this.#draft, event);
  }

  #attempt<T>(item: Item, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const answer = (): never => {
        throw error;
      };
      this.answers.push({ item, answer, revision: this.revision, wrote: 0 });
      return undefined;
    }
  }
}

/** The one stream that commands read; undefined where they read none, or several. */
export function streamReadBy(items: readonly Item[]): string | undefined {
  let found: string | undefined;
  for (const { command } of items) {
    const stream = command.reads?.stream;
    if (stream === undefined || stream === found) continue;
    if (found !== undefined) return undefined;
    found = stream;
  }
  return found;
}

function stateOf(states: States, stream: string): CachedState {
  const found = states.get(stream);
  if (found === undefined || found instanceof Error) throw found ?? new Error(`${stream} was not loaded`);
  return found;
}
