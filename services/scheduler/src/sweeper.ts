import { setTimeout as delay } from "node:timers/promises";
import type { Clock, Logger } from "@taem/runtime";
import type { SweepTask, TaskTable, TransferTask } from "./task-table.ts";

/** What the scheduler has others do. Each is idempotent; one that rejects is asked for again later. */
export interface AccountKeeper {
  /** The programme's business clock. */
  now(programme: string): Promise<number>;
  /** Records what time has done to an account by now. */
  sweep(task: SweepTask): Promise<void>;
  /** Brings a transfer that was left half done to its end. */
  completeTransfer(task: TransferTask): Promise<void>;
}

export interface SweeperOptions {
  readonly tasks: TaskTable;
  readonly keeper: AccountKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
}

const POLL_MS = 1_000;
const BATCH = 1_000;
/** Whoever began a transfer ends it within this time, or is not coming back. */
const TRANSFER_GRACE_MS = 15_000;

/** Looks for what is due and has it done, over and over. Nothing depends on when it runs; several may. */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #stopping = new AbortController();
  #finished: Promise<void> | undefined;

  constructor(options: SweeperOptions) {
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
      try {
        // A full round may have left more behind: only an empty one waits.
        if ((await this.runOnce()) > 0) continue;
      } catch (err) {
        this.#options.logger.warn({ err }, "the schedule could not be read; trying again");
      }
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One round over everything due now; how many tasks were done. */
  async runOnce(): Promise<number> {
    const { tasks, keeper, clock } = this.#options;
    // What is completed here leaves the list when its event arrives: it does not count as work done.
    const open = await tasks.openTransfers(clock.now() - TRANSFER_GRACE_MS, BATCH);
    await this.#doAll(open, (task) => keeper.completeTransfer(task));
    let done = 0;
    for (const { programme, dueAt } of await tasks.programmes()) {
      if (this.#stopping.signal.aborted) return done;
      const now = await keeper.now(programme);
      if (dueAt <= now) done += await this.#sweepDue(programme, now);
    }
    return done;
  }

  async #sweepDue(programme: string, now: number): Promise<number> {
    const { tasks, keeper } = this.#options;
    const due = await tasks.dueSweeps(programme, now, BATCH);
    const swept = await this.#doAll(due, (task) => keeper.sweep(task));
    if (swept.length > 0) await tasks.swept(swept, now);
    return swept.length;
  }

  /** Those that succeeded; the others stay due. */
  async #doAll<T extends SweepTask>(tasks: readonly T[], work: (task: T) => Promise<void>): Promise<T[]> {
    const results = await Promise.allSettled(tasks.map(work));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      const failures = results.filter((result) => result.status === "rejected").length;
      this.#options.logger.warn({ err: failed.reason as unknown, failures }, "tasks failed; they stay due");
    }
    return tasks.filter((_, i) => results[i]?.status === "fulfilled");
  }
}
