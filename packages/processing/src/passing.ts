import { HandlerRefusal, OutcomeUnknown, StoreUnavailable } from "@taem/event-store";
import { isConnectionLost, isRolledBack } from "@taem/postgres";
import type { Logger } from "@taem/runtime";

/** Whether trying again later may succeed, since the trouble is with something that comes back. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable ||
    error instanceof OutcomeUnknown ||
    error instanceof HandlerRefusal ||
    isConnectionLost(error) ||
    isRolledBack(error)
  );
}

/** What is away comes back: no fault of the program, so no stack. */
export function logTrouble(logger: Logger, error: unknown, message: string): void {
  if (isPassing(error)) logger.warn({ reason: (error as Error).message }, message);
  else logger.error({ err: error }, message);
}
