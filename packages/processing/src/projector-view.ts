import type { Database } from "@taem/postgres";
import { loadCheckpoints } from "./checkpoints.ts";
import { type Place, PositionWaiters } from "./position-waiters.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError, type ProjectionErrorCode } from "./projection-error.ts";

/** What passes by itself has mostly passed by then. */
const LONG_OUTAGE_MS = 30_000;

/** How far a projector is. Plain data, which can be posted to another thread. */
export interface Progress {
  /** By slice. */
  readonly checkpoints: ReadonlyMap<number, string>;
  /** Why each slice that stands still does. */
  readonly stopped: ReadonlyMap<number, string>;
  /** Streams. */
  readonly parked: number;
  /** What keeps it from reading events, and for how long it has by now, in milliseconds. */
  readonly outage: { readonly forMs: number; readonly reason: string } | undefined;
  /** Why its tables are of no use, where they are not. */
  readonly refusal: { readonly code: ProjectionErrorCode; readonly message: string } | undefined;
}

/** A projector to those who answer from its tables, in whatever thread it runs. */
export interface ProjectorView {
  /** Whether it is known here that everything of the slice up to the position is in the tables. */
  hasReached(place: Place): boolean;
  /** Whether everything of the slice up to the position is in the tables, at the latest after this time. */
  waitFor(place: Place, timeoutMs: number): Promise<boolean>;
  /** The same by what the tables say, whatever is known here: the database may have lost in a crash what it had committed. */
  waitInTables(place: Place, timeoutMs: number): Promise<boolean>;
  /** Throws where the log is not the one that the tables were made of: what they answer is of no use. */
  assertOfThisLog(): void;
  /** Throws `events_unavailable` where it has not been able to read for so long that what its tables answer is old. */
  assertReading(): void;
  status(): Progress;
}

export interface ProgressBoardOptions {
  readonly projection: Pick<Projection, "name">;
  readonly database: Database;
  /** Called when somebody waits for the next batch. */
  readonly hurry: () => void;
}

/** Where a projector's progress is kept for those who ask and wait, in their thread. */
export class ProgressBoard implements ProjectorView {
  readonly #name: string;
  readonly #hurry: () => void;
  readonly #waiters: PositionWaiters;
  #progress: Progress = {
    checkpoints: new Map(),
    stopped: new Map(),
    parked: 0,
    outage: undefined,
    refusal: undefined,
  };

  constructor({ projection, database, hurry }: ProgressBoardOptions) {
    this.#name = projection.name;
    this.#hurry = hurry;
    this.#waiters = new PositionWaiters(() => loadCheckpoints(database, schemaOf(projection)));
  }

  /** The projector is as far as this now. */
  update(progress: Progress): void {
    this.#progress = progress;
    this.#waiters.reached(progress.checkpoints);
  }

  hasReached({ slice, position }: Place): boolean {
    const checkpoint = this.#progress.checkpoints.get(slice);
    return checkpoint !== undefined && checkpoint >= position;
  }

  async waitFor(place: Place, timeoutMs: number): Promise<boolean> {
    if (this.hasReached(place)) return true;
    this.#hurry();
    return await this.#waiters.wait(place, timeoutMs);
  }

  waitInTables(place: Place, timeoutMs: number): Promise<boolean> {
    this.#hurry();
    return this.#waiters.wait(place, timeoutMs, true);
  }

  assertOfThisLog(): void {
    const { refusal } = this.#progress;
    if (refusal !== undefined) throw new ProjectionError(refusal.code, refusal.message);
  }

  assertReading(): void {
    const { outage } = this.#progress;
    if (outage === undefined || outage.forMs < LONG_OUTAGE_MS) return;
    const seconds = Math.floor(outage.forMs / 1_000);
    throw new ProjectionError(
      "events_unavailable",
      `${this.#name} has not been able to read events for ${seconds} seconds: ${outage.reason}`,
    );
  }

  status(): Progress {
    return this.#progress;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#waiters.close();
  }
}
