import { decodeEvent, type EventMeta, type TaemEvent } from "@taem/contracts";
import type { Aggregate, Step } from "./aggregate.ts";
import type { Answer, Item } from "./command-handler.ts";
import type { EventStore } from "./event-store.ts";
import type { CachedState } from "./state-cache.ts";

type AnyStep = Step<unknown, TaemEvent, unknown>;

/** The commands of one stream in one flush: decided one after the other on a draft of the stream's state. */
export class Turn {
  readonly stream: string;
  readonly items: readonly Item[];
  readonly base: CachedState;
  readonly aggregate: Aggregate<unknown>;
  readonly events: { readonly event: TaemEvent; readonly meta: EventMeta }[] = [];
  readonly answers: Answer[] = [];
  readonly #store: EventStore;
  #draft: unknown;

  constructor(stream: string, items: readonly Item[], base: CachedState, store: EventStore) {
    this.stream = stream;
    this.items = items;
    this.base = base;
    this.aggregate = (items[0] as Item).command.aggregate as Aggregate<unknown>;
    this.#store = store;
    this.#draft = this.aggregate.draft(base.state);
  }

  get slice(): number {
    return (this.items[0] as Item).command.slice;
  }

  /** Something is to be appended or confirmed. */
  get isReady(): boolean {
    return this.answers.length > 0;
  }

  /** Decides every command; a promise only when one of them needs earlier events. */
  decide(): Promise<void> | undefined {
    return this.#decideFrom(0);
  }

  commit(revision: number): CachedState {
    return { stream: this.stream, revision, state: this.aggregate.commit(this.#draft), stale: false };
  }

  #decideFrom(first: number): Promise<void> | undefined {
    for (let i = first; i < this.items.length; i++) {
      const item = this.items[i] as Item;
      const step = this.#attempt(item, () => item.command.decide(this.#draft));
      if (step !== undefined && "load" in step) return this.#loadThenGoOn(item, step, i);
      if (step !== undefined) this.#accept(item, step);
    }
    return undefined;
  }

  async #loadThenGoOn(item: Item, step: AnyStep, at: number): Promise<void> {
    let current: AnyStep | undefined = step;
    while (current !== undefined && "load" in current) {
      const { load, next } = current;
      const events = await this.#load(load.revision, load.count);
      current = this.#attempt(item, () => next(events));
    }
    if (current !== undefined) this.#accept(item, current);
    await this.#decideFrom(at + 1);
  }

  /** Earlier events of the stream, be they stored or decided a moment ago in this very turn. */
  async #load(revision: number, count: number): Promise<TaemEvent[]> {
    const stored = Math.min(count, Math.max(0, this.base.revision - revision + 1));
    const ahead = Math.max(0, revision - this.base.revision - 1);
    const decided = this.events.slice(ahead, ahead + count - stored).map(({ event }) => event);
    if (stored === 0) return decided;
    const request = { stream: this.stream, afterRevision: revision - 1, limit: stored };
    const [slice] = await this.#store.read([request]);
    return [...(slice?.events ?? []).map((event) => decodeEvent(event.type, event.data)), ...decided];
  }

  #accept(item: Item, step: Exclude<AnyStep, { readonly load: unknown }>): void {
    for (const event of step.events) {
      this.#draft = this.aggregate.evolve(this.#draft, event);
      this.events.push({ event, meta: item.command.meta });
    }
    const answer = step.answer(this.#draft);
    this.answers.push({ item, answer, revision: this.base.revision + this.events.length });
  }

  /** A decision that throws is a fault of that one command. */
  #attempt(item: Item, decide: () => AnyStep): AnyStep | undefined {
    try {
      return decide();
    } catch (error) {
      if (item.state !== "done") item.reject(error);
      item.state = "done";
      return undefined;
    }
  }
}
