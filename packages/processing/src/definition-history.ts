import { type EventStore, type Position, type RecordedEvent, SharedReader } from "@taem/event-store";
import type { DomainEvent, EventTypes } from "@taem/schema";

/** How the definitions that a stream holds are folded. */
export interface DefinitionFold<D, E extends DomainEvent> {
  /** The stream that defines something, by its id. */
  readonly stream: (id: string) => string;
  readonly events: EventTypes<E>;
  /** Before the first event. */
  readonly initial: D;
  /** Pure: what it was given stays as it was. */
  readonly evolve: (definitions: D, event: E, record: RecordedEvent) => D;
}

interface Version<D> {
  readonly position: Position;
  readonly definitions: D;
}

interface Known<D> {
  revision: number;
  /** In the order of their positions; the initial one has none. */
  readonly versions: Version<D>[];
}

/**
 * Definitions of other streams as they stood at each position of the log. A row must come out the same whenever it is
 * built, so what was published after an event has no say in it. Every version is kept: definitions are few.
 */
export class DefinitionHistory<D, E extends DomainEvent> {
  readonly #reader: SharedReader;
  readonly #fold: DefinitionFold<D, E>;
  readonly #known = new Map<string, Known<D>>();

  constructor(store: Pick<EventStore, "read">, fold: DefinitionFold<D, E>) {
    this.#reader = new SharedReader(store);
    this.#fold = fold;
  }

  /** Makes sure that everything published so far in these streams is known: one round trip, however many there are. */
  async refresh(ids: Iterable<string>): Promise<void> {
    await Promise.all([...new Set(ids)].map((id) => this.#refreshOne(id)));
  }

  /**
   * What the stream of an id said at a position, by what `refresh` has read of it: the fold of its events up to there,
   * and the initial definitions where it had none.
   */
  definitionsAt(id: string, position: Position): D {
    const versions = this.#known.get(id)?.versions ?? [];
    let [low, high] = [0, versions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((versions[middle] as Version<D>).position <= position) low = middle + 1;
      else high = middle;
    }
    return versions[low - 1]?.definitions ?? this.#fold.initial;
  }

  async #refreshOne(id: string): Promise<void> {
    const { stream, events, initial, evolve } = this.#fold;
    const known = this.#of(id);
    const records = await this.#reader.read({ stream: stream(id), afterRevision: known.revision });
    for (const record of records) {
      // Someone else's refresh may have come first.
      if (record.revision <= known.revision) continue;
      const before = known.versions.at(-1)?.definitions ?? initial;
      const definitions = evolve(before, events.decode(record), record);
      // What an event leaves as it was is no version of its own.
      if (definitions !== before) known.versions.push({ position: record.position, definitions });
      known.revision = record.revision;
    }
  }

  #of(id: string): Known<D> {
    const known = this.#known.get(id) ?? { revision: 0, versions: [] };
    this.#known.set(id, known);
    return known;
  }
}
