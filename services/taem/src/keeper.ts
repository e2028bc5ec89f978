import type { Caller } from "@taem/host";
import type { AccountKeeper, CommandService, SweepTask } from "@taem/ledger";
import { newId } from "@taem/runtime";
import type { Platform } from "./platform.ts";

const PATIENCE_MS = 10_000;

/** The scheduler's tasks, done by the commands service of the same process, each under a correlation id of its own. */
export function keeperOf(
  service: CommandService,
  { clock, clocks, logger }: Pick<Platform, "clock" | "clocks" | "logger">,
): AccountKeeper {
  const callerFor = (cause: SweepTask, message: string): Caller => {
    const correlation = newId();
    if (logger.isDebug) logger.debug({ correlationId: correlation, cause }, message);
    return { actor: "scheduler", correlation, deadline: clock.now() + PATIENCE_MS };
  };
  return {
    // Nothing is swept by a clock that may be wrong.
    now: async (programme) => {
      await clocks.assertAgreed();
      return await service.now(programme);
    },
    sweep: (task) => service.sweep(task, callerFor(task, "sweeping an account")),
    completeTransfer: (task) =>
      service.completeTransfer(task, callerFor(task, "ending a transfer left half done")),
  };
}
