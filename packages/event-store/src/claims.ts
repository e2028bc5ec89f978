import type { DomainEvent, EventTypes } from "@taem/schema";
import type { Aggregate } from "./aggregate.ts";
import type { Command } from "./command.ts";
import type { CommandHandler } from "./command-handler.ts";
import type { EventStore } from "./event-store.ts";
import { SharedReader } from "./shared-reader.ts";

/** On whose behalf, and until when, a stream is claimed. */
export type Claimant = Pick<Command<unknown, DomainEvent, unknown>, "meta" | "deadline" | "traceparent">;

export interface ClaimsOptions<E extends DomainEvent> {
  readonly store: Pick<EventStore, "read">;
  /** Those that a stream may begin with. */
  readonly events: EventTypes<E>;
}

/** Streams whose first event settles whom something belongs to, for ever: members, external ids, programme-wide keys. */
export class Claims<E extends DomainEvent> {
  readonly #reader: SharedReader;
  readonly #events: EventTypes<E>;
  readonly #aggregate: Aggregate<E | undefined, E>;

  constructor({ store, events }: ClaimsOptions<E>) {
    this.#reader = new SharedReader(store);
    this.#events = events;
    this.#aggregate = {
      events,
      initial: () => undefined,
      evolve: (state, event) => state ?? event,
      draft: (state) => state,
      commit: (state) => state,
      weight: () => 400,
    };
  }

  /** Writes the first event of a stream unless there is one, which is not likely; either way, the first event that stands. */
  claim(
    handler: CommandHandler,
    place: { readonly stream: string; readonly slice: number },
    event: E,
    claimant: Claimant,
  ): Promise<E> {
    const { meta, deadline, traceparent } = claimant;
    return handler.execute<E | undefined, E, E>({
      aggregate: this.#aggregate,
      ...place,
      expectsNew: true,
      meta,
      deadline,
      traceparent,
      decide: (claimed) => ({
        events: claimed === undefined ? [event] : [],
        answer: (state) => () => state as E,
      }),
    });
  }

  /** The first event of a stream; look-ups that come together share one round trip. */
  async read(stream: string): Promise<E | undefined> {
    const [event] = await this.#reader.read({ stream, afterRevision: 0, limit: 1 });
    return event === undefined ? undefined : this.#events.decode(event);
  }

  /** Of the first of these streams that has one. */
  async first(streams: readonly string[]): Promise<E | undefined> {
    const found = await Promise.all(streams.map((stream) => this.read(stream)));
    return found.find((claim) => claim !== undefined);
  }
}
