import { setTimeout as delay } from "node:timers/promises";
import type { Logger, OperatorError } from "@taem/runtime";

const EVERY_MS = 2_000;

/**
 * Looks again and again whether the log is the one that was read in this database: it may be replaced by an older one under a
 * running process, which would write it on. What a process remembers of the other log is of no use any more, whichever log
 * comes next: once found, only a restart helps.
 */
export class LogWatch {
  readonly #look: () => Promise<OperatorError | undefined>;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #finished: Promise<void> | undefined;
  #found: OperatorError | undefined;

  /** `look` yields why the log is another one, and rejects where that cannot be said now. */
  constructor(look: () => Promise<OperatorError | undefined>, logger: Logger) {
    this.#look = look;
    this.#logger = logger;
  }

  /** Why nothing may be written by this process any more; undefined = the log has been the right one so far. */
  get found(): OperatorError | undefined {
    return this.#found;
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
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#lookAgain();
    }
  }

  async #lookAgain(): Promise<void> {
    try {
      this.#found = await this.#look();
    } catch {
      // A store or a database that is away says nothing of it, and others tell that it is away.
      return;
    }
    if (this.#found === undefined) return;
    const message =
      "the log is not the one that was read: nothing is written; start this process again once the right one is back";
    this.#logger.error({ err: this.#found }, message);
    this.#stopping.abort();
  }
}
