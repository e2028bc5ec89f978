import { type Queryable, Writes } from "@taem/postgres";
import { Advances, advance, type Checkpoints } from "./checkpoints.ts";
import { eventsOf, type Link, type LinkedEvent } from "./event-source.ts";
import { Folding } from "./folding.ts";
import { insertParked, type Parked, parkedAt } from "./parking.ts";
import type { Fold, Projection } from "./projection.ts";

/** What a fold's writes fail with where rows say that an event cannot be: found again, and parked, as a single event. */
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
  /** Reads rows. */
  readonly sql: Queryable;
  /** In a transaction of its own, or in a part of one that can be undone. */
  readonly commit: (writes: Writes) => Promise<void>;
  /** Called before a stream is parked; throws to refuse. */
  readonly mayPark?: (parked: Parked) => void;
  /** Called when a stream has been parked. */
  readonly onParked?: (parked: Parked) => void;
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
      await this.#commit(links, [...parked.values()], fold);
    } catch (error) {
      if (!isDeterministic(error)) throw error;
      await this.#isolate(links, error);
    }
  }

  /** The database refuses the batch because of one event in it: halves it until that event stands alone. */
  async #isolate(links: readonly Link[], error: unknown): Promise<void> {
    const [first] = links;
    if (links.length === 1 && first?.event !== undefined) {
      const parked = parkedAt(first.event.record, error);
      this.#options.mayPark?.(parked);
      await this.#commit(links, [parked]);
      return;
    }
    const half = Math.ceil(links.length / 2);
    await this.apply(links.slice(0, half));
    await this.apply(links.slice(half));
  }

  async #commit(links: readonly Link[], parked: readonly Parked[], fold?: Fold): Promise<void> {
    const { schema, sql, commit, projection } = this.#options;
    await fold?.load?.(sql, schema);
    const advances = new Advances(this.checkpoints).add(links).all(parked, this.parked.values());
    const writes = new Writes();
    // The checkpoints first: whoever holds them keeps other writers of the slices out.
    advance(writes, schema, projection.version, advances);
    fold?.write(writes, schema);
    insertParked(writes, schema, parked);
    await commit(writes);
    for (const { slice, position } of links) this.checkpoints.set(slice, position);
    for (const stream of parked) {
      this.parked.set(stream.key, stream);
      this.#options.onParked?.(stream);
    }
  }

  async #fold(links: readonly Link[]): Promise<Folding> {
    const folding = new Folding(this.#options.projection, this.#options.mayPark);
    await folding.add(projectedEvents(links, this.parked));
    return folding;
  }
}

/** The events of links, but for those of parked streams. */
export function projectedEvents(links: readonly Link[], parked: ReadonlyMap<string, Parked>): LinkedEvent[] {
  return [...eventsOf(links)].filter(({ record }) => !parked.has(record.stream));
}

/** SQLSTATE classes of errors that the same rows meet every time: data exception, integrity constraint, program limit. */
const DETERMINISTIC = /^(22|23|54)/;

export function isDeterministic(error: unknown): boolean {
  if (error instanceof UnprojectableEvent) return true;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.length === 5 && DETERMINISTIC.test(code);
}
