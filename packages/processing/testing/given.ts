import { inspect, isDeepStrictEqual } from "node:util";
import type { EventRecord, KeyedRows, ProjectedEvent, Reaction, Reactor } from "@taem/processing";
import type { DomainEvent, Provenance } from "@taem/schema";

/** Where and when an event happened, as far as a test cares. */
type Happening = Partial<EventRecord> & { readonly provenance?: Provenance };

const PROVENANCE: Provenance = { actor: "test", correlation: "test" };

/** An event as the one of this number. */
type Happened<E extends DomainEvent> = (no: number) => ProjectedEvent<E>;

/** Of what a test gives, the events. */
type EventIn<G> = G extends Happened<infer E> ? E : G extends DomainEvent ? G : never;

/** An event beside its record. Without one, events are of one stream, and one follows on the other. */
export function happened<E extends DomainEvent>(
  event: E,
  { provenance = PROVENANCE, ...record }: Happening = {},
): Happened<E> {
  return (no) => ({
    event,
    record: {
      id: `event-${no}`,
      type: event.type,
      stream: "taem.test-1",
      revision: no,
      slice: 0,
      position: String(no).padStart(16, "0"),
      recordedAt: 0,
      ...record,
    },
    actor: () => provenance.actor,
    provenance: () => provenance,
  });
}

type Row = Readonly<Record<string, unknown>>;

/** What events come to. */
export interface Given<E extends DomainEvent> {
  /** Rows of a table of rows by key, in the order of their first events. */
  rows(table: KeyedRows<E>): Promise<readonly Row[]>;
  /** What comes of the events in a reactor or process manager, event by event in their order. */
  reactions<C extends DomainEvent>(reactor: Reactor<E, C>): Promise<readonly Reaction<C>[]>;
}

/**
 * Events for the test of a projection without a server. What they come to is folded in batches of one and in one batch:
 * it throws where the batches make a difference.
 */
export function given<const G extends readonly (DomainEvent | Happened<DomainEvent>)[]>(
  ...events: G
): Given<EventIn<G[number]>> {
  const log = events.map((event, i) =>
    (typeof event === "function" ? event : happened(event))(i + 1),
  ) as ProjectedEvent<EventIn<G[number]>>[];
  const batchings = [[log], log.map((one) => [one])];
  return {
    rows: (table) =>
      sameWhateverTheBatches(batchings, async (batches) => {
        const store = new Rows();
        for (const batch of batches) {
          const fold = table.begin();
          for (const projected of batch) fold.plan(projected)();
          await fold.load(store.read);
          fold.save(store.write);
        }
        return store.all;
      }),
    reactions: (reactor) =>
      sameWhateverTheBatches(batchings, async (batches) => {
        const store = new Rows();
        const reactions = [];
        for (const batch of batches) {
          const fold = reactor.begin();
          for (const projected of batch) fold.add(projected);
          await fold.loadRows(store.read);
          fold.saveRows(store.write);
          reactions.push(...fold.reactions.all);
        }
        return reactions;
      }),
  };
}

async function sameWhateverTheBatches<E extends DomainEvent, T>(
  batchings: readonly (readonly (readonly ProjectedEvent<E>[])[])[],
  fold: (batches: readonly (readonly ProjectedEvent<E>[])[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const [one = [], ...others] = await Promise.all(batchings.map(fold));
  for (const other of others) {
    if (!isDeepStrictEqual(one, other)) {
      throw new Error(`in one batch ${inspect(one)}, event by event ${inspect(other)}`);
    }
  }
  return one;
}

/** What a fold has left behind for its next batch. */
class Rows {
  readonly #rows = new Map<string, Row>();

  get all(): readonly Row[] {
    return [...this.#rows.values()];
  }

  readonly read = async ({ key }: KeyedRows["table"], keys: readonly Row[]): Promise<readonly Row[]> =>
    keys.map((one) => this.#rows.get(idOf(key, one))).filter((row) => row !== undefined);

  readonly write = ({ key }: KeyedRows["table"], rows: readonly Row[], gone: readonly Row[]): void => {
    for (const row of rows) this.#rows.set(idOf(key, row), structuredClone(row));
    for (const row of gone) this.#rows.delete(idOf(key, row));
  };
}

function idOf(key: readonly string[], row: Row): string {
  return key.map((column) => String(row[column])).join("\u0000");
}
