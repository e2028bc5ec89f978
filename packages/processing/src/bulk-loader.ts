import { type Database, Writes } from "@taem/postgres";
import { projectedEvents } from "./applier.ts";
import { Advances, advance, type Checkpoints } from "./checkpoints.ts";
import type { Link } from "./event-source.ts";
import { Folding } from "./folding.ts";
import { insertParked, type Parked } from "./parking.ts";
import type { Projection } from "./projection.ts";

/** How many events' differences are kept in memory before they are written. More would cost more collecting garbage than it saves. */
const EVENTS_IN_MEMORY = 100_000;
/** How many events' new rows may wait while the database is busy with those before. */
const EVENTS_WAITING = 20_000;

/**
 * Loads tables that nobody else writes: one long fold, whose new rows go to the database while the next events are
 * folded; so do its differences when they have become many. What ends up in the rows is the same as batch by batch.
 */
export class BulkLoader {
  readonly #database: Database;
  readonly #projection: Projection;
  readonly #schema: string;
  readonly checkpoints: Checkpoints;
  readonly #eventsInMemory: number;
  readonly #parked = new Map<string, Parked>();
  #folding: Folding;
  #advances: Advances;
  #events = 0;
  #waiting = 0;
  /** Settles when everything handed to the database so far is written. */
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(
    database: Database,
    projection: Projection,
    schema: string,
    checkpoints: Checkpoints,
    eventsInMemory = EVENTS_IN_MEMORY,
  ) {
    this.#database = database;
    this.#projection = projection;
    this.#schema = schema;
    this.checkpoints = checkpoints;
    this.#eventsInMemory = eventsInMemory;
    this.#folding = new Folding(projection);
    this.#advances = new Advances(checkpoints);
  }

  /** Links that follow on those before. */
  async add(links: readonly Link[]): Promise<void> {
    const { fold } = this.#folding;
    await this.#folding.add(projectedEvents(links, this.#parked));
    this.#advances.add(links);
    this.#events += links.length;
    this.#waiting += links.length;
    if (!this.#isWriting || this.#waiting >= EVENTS_WAITING) {
      await this.#writing;
      this.#waiting = 0;
      this.#write((writes) => fold.writeAdded(writes, this.#schema));
    }
    if (this.#events >= this.#eventsInMemory) await this.#handOver();
  }

  /** Writes all that is left. */
  async finish(): Promise<void> {
    await this.#handOver();
    await this.#writing;
  }

  /** The fold so far goes to the database, and another begins. */
  async #handOver(): Promise<void> {
    const { fold, parked } = this.#folding;
    const failed = [...parked.values()];
    const advances = this.#advances.all(failed, this.#parked.values());
    await this.#writing;
    await fold.load?.(this.#database, this.#schema);
    this.#write((writes) => {
      advance(writes, this.#schema, this.#projection.version, advances);
      fold.write(writes, this.#schema);
      insertParked(writes, this.#schema, failed);
    });
    for (const { slice, to } of advances) this.checkpoints.set(slice, to);
    for (const stream of failed) this.#parked.set(stream.key, stream);
    this.#folding = new Folding(this.#projection);
    this.#advances = new Advances(this.checkpoints);
    this.#events = 0;
    this.#waiting = 0;
  }

  #write(say: (writes: Writes) => void): void {
    const writes = new Writes();
    say(writes);
    this.#isWriting = true;
    this.#writing = this.#database.write(writes, { relaxed: true }).then(() => {
      this.#isWriting = false;
    });
    // A failure is met by whoever waits for it next.
    this.#writing.catch(() => undefined);
  }
}
