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
  #differing: OperatorError | undefined;

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

  /** Why the clock is not to be gone by, as far as that is known without a question; undefined = nothing speaks against it. */
  get doubt(): OperatorError | undefined {
    if (this.#differing !== undefined) return this.#differing;
    return this.#hasJumped(this.#elapsed()) ? jumped(this.#clock.now()) : undefined;
  }

  /** Rejects with `clocks_differ` where they do. */
  async assertAgreed(): Promise<void> {
    const before = this.#elapsed();
    if (this.#differing === undefined && !this.#hasJumped(before) && before - this.#agreedAt < FRESH_MS)
      return;
    const { rows } = await this.#database.query<{ now: string }>(
      "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now",
    );
    const [theirs, ours, after] = [Number(rows[0]?.now), this.#clock.now(), this.#elapsed()];
    // The answer is of some time in between.
    const apart = Math.abs(ours - theirs) - (after - before);
    this.#differing = apart <= MAX_APART_MS ? undefined : differing(ours, theirs);
    if (this.#differing !== undefined) throw this.#differing;
    this.#agreedAt = after;
    this.#offset = ours - after;
  }

  #hasJumped(elapsed: number): boolean {
    return !(Math.abs(this.#clock.now() - elapsed - this.#offset) < JUMP_MS);
  }
}

function jumped(ours: number): OperatorError {
  return new OperatorError(
    "clocks_differ",
    `this machine's clock has jumped to ${instantOf(ours)}: nothing is written before PostgreSQL's says the same`,
  );
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
