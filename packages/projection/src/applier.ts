import { decodeEvent, type TaemEvent } from "@taem/contracts";
import type { RecordedEvent } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { advance, type Checkpoints } from "./checkpoints.ts";
import type { Link } from "./event-source.ts";
import { insertParked, type Parked, parkedAt } from "./parking.ts";
import type { Fold, ProjectedEvent, Projection } from "./projection.ts";

/** Thrown by a fold's `write` where rows say that an event cannot be: found again, and parked, as a single event. */
export class UnprojectableEvent extends Error {
  readonly code = "unprojectable_event";
  constructor(message: string) {
    super(message);
    this.name = "UnprojectableEvent";
  }
}

export interface ApplierOptions {
  readonly projection: Projection;
  readonly schema: string;
  /** Runs work in a transaction of its own, or in a part of one that can be undone. */
  readonly transact: <T>(work: (transaction: Queryable) => Promise<T>) => Promise<T>;
  /** Called before a stream is parked; throws to refuse. */
  readonly onPark?: (parked: Parked) => void;
}

/**
 * Applies links of a projection's slices to its tables: rows, checkpoints and parked streams in one transaction. How
 * links are cut into batches makes no difference to the rows.
 */
export class Applier {
  readonly #options: ApplierOptions;
  checkpoints: Checkpoints;
  /** Parked streams by name. */
  readonly parked: Map<string, Parked>;

  constructor(options: ApplierOptions, checkpoints: Checkpoints, parked: readonly Parked[]) {
    this.#options = options;
    this.checkpoints = checkpoints;
    this.parked = new Map(parked.map((stream) => [stream.key, stream]));
  }

  /** Links that follow on the checkpoints, as `judge` says. */
  async apply(links: readonly Link[]): Promise<void> {
    const { fold, parked } = await this.#fold(links);
    try {
      await this.#commit(links, parked, fold);
    } catch (error) {
      if (!isDeterministic(error)) throw error;
      await this.#isolate(links, error);
    }
  }

  /** The database refuses the batch because of one event in it: halves it until that event stands alone. */
  async #isolate(links: readonly Link[], error: unknown): Promise<void> {
    const [first] = links;
    if (links.length === 1 && first?.event !== undefined) {
      const parked = parkedAt(first.event, error);
      this.#options.onPark?.(parked);
      await this.#commit(links, [parked]);
      return;
    }
    const half = Math.ceil(links.length / 2);
    await this.apply(links.slice(0, half));
    await this.apply(links.slice(half));
  }

  async #commit(links: readonly Link[], parked: readonly Parked[], fold?: Fold): Promise<void> {
    const { schema, transact } = this.#options;
    await transact(async (transaction) => {
      // The checkpoints first: whoever holds them keeps other writers of the slices out.
      await advance(transaction, schema, this.checkpoints, links);
      await fold?.write(transaction, schema);
      await insertParked(transaction, schema, parked);
    });
    for (const { slice, position } of links) this.checkpoints.set(slice, position);
    for (const stream of parked) this.parked.set(stream.key, stream);
  }

  async #fold(links: readonly Link[]): Promise<{ fold: Fold; parked: readonly Parked[] }> {
    const { projection, onPark } = this.#options;
    const parked = new Map<string, Parked>();
    const park = (event: RecordedEvent, error: unknown) => {
      // What does not decode is found before what does not fold, which may come earlier in the stream.
      const earlier = parked.get(event.stream);
      if (earlier !== undefined && earlier.position <= event.position) return;
      const stream = parkedAt(event, error);
      onPark?.(stream);
      parked.set(stream.key, stream);
    };
    const events = this.#decode(links, park);
    await projection.prepare(events);
    const fold = projection.begin();
    for (const projected of events) {
      const failed = parked.get(projected.record.stream);
      if (failed !== undefined && failed.position <= projected.record.position) continue;
      try {
        fold.add(projected);
      } catch (error) {
        park(projected.record, error);
      }
    }
    return { fold, parked: [...parked.values()] };
  }

  #decode(links: readonly Link[], park: (event: RecordedEvent, error: unknown) => void): ProjectedEvent[] {
    const { projection } = this.#options;
    const events: ProjectedEvent[] = [];
    for (const { event: record } of links) {
      if (record === undefined || !projection.handles(record.type) || this.parked.has(record.stream))
        continue;
      const event = decoded(record, park);
      if (event !== undefined) events.push({ record, event });
    }
    return events;
  }
}

function decoded(
  record: RecordedEvent,
  park: (event: RecordedEvent, error: unknown) => void,
): TaemEvent | undefined {
  try {
    return decodeEvent(record.type, record.data);
  } catch (error) {
    park(record, error);
    return undefined;
  }
}

/** SQLSTATE classes of errors that the same rows meet every time: data exception, integrity constraint, program limit. */
const DETERMINISTIC = /^(22|23|54)/;

function isDeterministic(error: unknown): boolean {
  if (error instanceof UnprojectableEvent) return true;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.length === 5 && DETERMINISTIC.test(code);
}
