import type { Database } from "@taem/postgres";
import { loadCheckpoints } from "./checkpoints.ts";
import { type Place, PositionWaiters } from "./position-waiters.ts";
import { type Projection, schemaOf } from "./projection.ts";
import { ProjectionError, type ProjectionErrorCode } from "./projection-error.ts";

/** How far a projector is. Plain data, which can be posted to another thread. */
export interface Progress {
  /** By slice. */
  readonly checkpoints: ReadonlyMap<number, string>;
  /** Why each slice that stands still does. */
  readonly stopped: ReadonlyMap<number, string>;
  /** Streams. */
  readonly parked: number;
  /** Why its tables are of no use, where they are not. */
  readonly refusal: { readonly code: ProjectionErrorCode; readonly message: string } | undefined;
}

/** A projector to those who answer from its tables, in whatever thread it runs. */
export interface ProjectorView {
  /** Whether it is known here that everything of the slice up to the position is in the tables. */
  hasReached(place: Place): boolean;
  /** Whether everything of the slice up to the position is in the tables, at the latest after this time. */
  waitFor(place: Place, timeoutMs: number): Promise<boolean>;
  /** Throws where the log is not the one that the tables were made of: what they answer is of no use. */
  assertOfThisLog(): void;
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
  readonly #hurry: () => void;
  readonly #waiters: PositionWaiters;
  #progress: Progress = { checkpoints: new Map(), stopped: new Map(), parked: 0, refusal: undefined };

  constructor({ projection, database, hurry }: ProgressBoardOptions) {
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

  assertOfThisLog(): void {
    const { refusal } = this.#progress;
    if (refusal !== undefined) throw new ProjectionError(refusal.code, refusal.message);
  }

  status(): Progress {
    return this.#progress;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#waiters.close();
  }
}
