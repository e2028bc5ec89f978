import { HandlerRefusal, OutcomeUnknown, StoreUnavailable } from "@taem/event-store";
import { isConnectionLost, isRolledBack } from "@taem/postgres";

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
