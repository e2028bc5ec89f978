import { setTimeout as delay } from "node:timers/promises";
import type { Clock, Logger } from "@taem/runtime";
import type { Cursor, SweepTask, TaskTable, TransferTask } from "./task-table.ts";

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
/** Whoever began a transfer ends it within this time, or is not coming back. */
const TRANSFER_GRACE_MS = 15_000;

/** Looks for what is due and has it done, over and over. Nothing depends on when it runs; several may. */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #stopping = new AbortController();
  /** Where the next round goes on, of each programme: tasks that keep failing must not hide those behind them. */
  readonly #sweepsFrom = new Map<string, Cursor | undefined>();
  #transfersFrom: Cursor | undefined;
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

  /** One round: some of what is due of each programme; how many sweeps were done. */
  async runOnce(): Promise<number> {
    const { tasks, logger } = this.#options;
    await this.#endTransfers();
    let done = 0;
    for (const { programme, dueAt } of await tasks.programmes()) {
      if (this.#stopping.signal.aborted) return done;
      try {
        done += await this.#sweepDue(programme, dueAt);
      } catch (err) {
        logger.warn({ err, programme }, "a programme was not swept; its accounts stay due");
      }
    }
    return done;
  }

  /** What is completed here leaves the list when its event arrives: it does not count as work done. */
  async #endTransfers(): Promise<void> {
    const { tasks, keeper, clock } = this.#options;
    const open = await tasks.openTransfers(clock.now() - TRANSFER_GRACE_MS, this.#transfersFrom);
    this.#transfersFrom = open.next;
    await this.#doAll(open.tasks, (task) => keeper.completeTransfer(task));
  }

  async #sweepDue(programme: string, dueAt: number): Promise<number> {
    const { tasks, keeper } = this.#options;
    const now = await keeper.now(programme);
    if (dueAt > now) return 0;
    const due = await tasks.dueSweeps(programme, now, this.#sweepsFrom.get(programme));
    this.#sweepsFrom.set(programme, due.next);
    const swept = await this.#doAll(due.tasks, (task) => keeper.sweep(task));
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
