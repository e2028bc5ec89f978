import type { CommandService } from "@taem/commands";
import type { Clock } from "@taem/runtime";
import { newId } from "@taem/runtime";
import type { AccountKeeper } from "@taem/scheduler";

const PATIENCE_MS = 10_000;

/** The scheduler's tasks, done by the commands service of the same process. */
export function keeperOf(service: CommandService, clock: Clock): AccountKeeper {
  const caller = () => ({ actor: "scheduler", correlation: newId(), deadline: clock.now() + PATIENCE_MS });
  return {
    now: (programme) => service.now(programme),
    sweep: (task) => service.sweep(task, caller()),
    completeTransfer: (task) => service.completeTransfer(task, caller()),
  };
}
