import type { Caller } from "@taem/host";
import type { Clock, Logger } from "@taem/runtime";
import type { CommandService } from "../application/command-service.ts";
import type { AccountKeeper } from "./sweeper.ts";
import type { SweepTask } from "./task-table.ts";

const PATIENCE_MS = 10_000;

export interface KeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Throws while nothing may be written by what time it is. */
  readonly assertClocksAgree: () => Promise<void>;
}

/** The scheduler's tasks as commands of this process, each under a correlation id of its own. */
export function keeperOf(
  service: CommandService,
  { clock, logger, newId, assertClocksAgree }: KeeperOptions,
): AccountKeeper {
  const callerFor = (cause: SweepTask, message: string): Caller => {
    const correlation = newId();
    if (logger.isDebug) logger.debug({ correlationId: correlation, cause }, message);
    return { actor: "scheduler", correlation, deadline: clock.now() + PATIENCE_MS };
  };
  return {
    // Nothing is swept by a clock that may be wrong.
    now: async (programme) => {
      await assertClocksAgree();
      return await service.now(programme);
    },
    sweep: (task) => service.sweep(task, callerFor(task, "sweeping an account")),
    completeTransfer: (task) =>
      service.completeTransfer(task, callerFor(task, "ending a transfer left half done")),
  };
}
