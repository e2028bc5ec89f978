import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "./log.ts";
import { PostgresError } from "./postgres-error.ts";

export interface Keeping {
  /** Told that the server has ended, and that it serves again. */
  readonly warn: Log;
  /** It could not be kept running, and nobody tries any more. */
  readonly onGivenUp: (error: PostgresError) => void;
}

interface Kept extends Keeping {
  readonly isRunning: () => Promise<boolean>;
  readonly start: () => Promise<void>;
}

/** In milliseconds. */
interface Pace {
  readonly look: number;
  /** Before the second start; twice as long before each that follows. */
  readonly pause: number;
}

const PACE: Pace = { look: 500, pause: 1_000 };
/** What ends so often within that time is not started again: something is wrong that a start does not mend. */
const MAX_STARTS = 5;
const WITHIN_MS = 600_000;

/** Looks again and again whether a server runs that only its own clients stop, and starts it where it does not. */
export class ServerKeeper {
  readonly #kept: Kept;
  readonly #pace: Pace;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  /** When it was started lately, in milliseconds. */
  #starts: number[] = [];

  constructor(kept: Kept, pace = PACE) {
    this.#kept = kept;
    this.#pace = pace;
    this.#finished = this.#run();
  }

  /** Ends after a start that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    while (await this.#passed(this.#pace.look)) {
      // What cannot be looked at now is looked at later.
      if (await this.#kept.isRunning().catch(() => true)) continue;
      const failure = await this.#startAgain();
      if (failure === undefined) continue;
      this.#kept.onGivenUp(failure);
      return;
    }
  }

  /** Until it runs; why not, where it is given up. */
  async #startAgain(): Promise<PostgresError | undefined> {
    const { warn, start } = this.#kept;
    warn("the database server has ended; starting it again");
    for (let cause: unknown; ; ) {
      const now = performance.now();
      this.#starts = this.#starts.filter((startedAt) => now - startedAt < WITHIN_MS);
      const before = this.#starts.length;
      if (before === MAX_STARTS) return givenUp(cause);
      const pause = before === 0 ? 0 : this.#pace.pause * 2 ** (before - 1);
      if (!(await this.#passed(pause))) return undefined;
      this.#starts.push(performance.now());
      try {
        await start();
        warn("the database server runs again", { starts: before + 1 });
        return undefined;
      } catch (error) {
        cause = error;
        warn("the database server did not start", { reason: (error as Error).message });
      }
    }
  }

  /** Whether the time has gone by, and nobody has stopped. */
  async #passed(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    await delay(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

function givenUp(cause: unknown): PostgresError {
  const last = cause instanceof Error ? `: ${cause.message}` : "";
  const message =
    `the database server ended ${MAX_STARTS} times within ${WITHIN_MS / 60_000} minutes of starts, and is not started again: its own ` +
    `log, server.log beside its data, says why${last}`;
  return new PostgresError("postgres_not_kept", message, { cause });
}
