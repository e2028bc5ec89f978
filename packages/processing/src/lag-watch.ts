import { setTimeout as delay } from "node:timers/promises";
import { type EventStore, type Position, START } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import type { Clock } from "@taem/runtime";

export interface LagWatchOptions {
  /** Of the projection's tables. */
  readonly schema: string;
  readonly database: Database;
  readonly store: Pick<EventStore, "readLog">;
  readonly clock: Clock;
  /** Told the age of the oldest event that the tables may lack, in milliseconds; 0 where they have all. */
  readonly onLag: (ms: number) => void;
}

const EVERY_MS = 5_000;

/**
 * Looks again and again how far a projection is behind the log, whoever projects it, and whether or not anything comes: by its
 * checkpoints and the log's own next event. Where either is away, what was known last grows older.
 */
export class LagWatch {
  readonly #options: LagWatchOptions;
  readonly #stopping = new AbortController();
  #finished: Promise<void> | undefined;
  /** When the oldest event that is lacking was recorded. */
  #lackingSince: number | undefined;

  constructor(options: LagWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#finished = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // What is away others tell.
      await this.#look().catch(() => undefined);
      const { clock, onLag } = this.#options;
      onLag(this.#lackingSince === undefined ? 0 : Math.max(0, clock.now() - this.#lackingSince));
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { database, schema, store } = this.#options;
    const [row] = await database.queryArrays<[Position]>({
      name: `${schema}_lowest`,
      text: `SELECT min(position) FROM ${schema}.checkpoints`,
    });
    const { events } = await store.readLog(row?.[0] ?? START, 1);
    this.#lackingSince = events[0]?.recordedAt;
  }
}
