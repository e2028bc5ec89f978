import type { Database } from "@taem/postgres";
import { type Clock, OperatorError } from "@taem/runtime";

/** Apart by more, one of two clocks is wrong: far more than synchronised ones ever are. */
const MAX_APART_MS = 5 * 60_000;
/** PostgreSQL is asked again after this long, and at once where this machine's clock has jumped. */
const FRESH_MS = 10_000;
const JUMP_MS = 60_000;

/**
 * Holds this machine's clock against PostgreSQL's. A clock that runs ahead would expire what is valid, and no event is
 * ever taken back.
 */
export class ClockGuard {
  readonly #database: Pick<Database, "query">;
  readonly #clock: Clock;
  readonly #elapsed: () => number;
  #agreedAt = Number.NEGATIVE_INFINITY;
  /** What the clock showed beyond the time that had gone by, when they agreed last. */
  #offset = Number.NaN;

  /** `elapsed`: milliseconds that never jump. */
  constructor(
    database: Pick<Database, "query">,
    clock: Clock,
    elapsed: () => number = () => performance.now(),
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#elapsed = elapsed;
  }

  /** Rejects with `clocks_differ` where they do. */
  async assertAgreed(): Promise<void> {
    const before = this.#elapsed();
    const hasJumped = !(Math.abs(this.#clock.now() - before - this.#offset) < JUMP_MS);
    if (!hasJumped && before - this.#agreedAt < FRESH_MS) return;
    const { rows } = await this.#database.query<{ now: string }>(
      "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now",
    );
    const [theirs, ours, after] = [Number(rows[0]?.now), this.#clock.now(), this.#elapsed()];
    // The answer is of some time in between.
    const apart = Math.abs(ours - theirs) - (after - before);
    if (!(apart <= MAX_APART_MS)) throw differing(ours, theirs);
    this.#agreedAt = after;
    this.#offset = ours - after;
  }
}

function differing(ours: number, theirs: number): OperatorError {
  const seconds = Math.round(Math.abs(ours - theirs) / 1000);
  return new OperatorError(
    "clocks_differ",
    `this machine's clock is at ${instantOf(ours)} and PostgreSQL's at ${instantOf(theirs)}, ${seconds} seconds apart: ` +
      "set the one that is wrong, for points expire by it and no event is taken back",
  );
}

function instantOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "no time" : date.toISOString();
}
