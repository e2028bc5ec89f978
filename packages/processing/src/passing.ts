import { HandlerRefusal, OutcomeUnknown, StoreUnavailable } from "@taem/event-store";
import { isUnavailable } from "@taem/postgres";
import { type LogFields, type Logger, reasonOf } from "@taem/runtime";

/** Whether trying again later may succeed, since the trouble is with something that comes back. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable ||
    error instanceof OutcomeUnknown ||
    error instanceof HandlerRefusal ||
    isUnavailable(error)
  );
}

/** Says that something was not done and is tried again. What is away comes back: no fault of the program, so no stack. */
export function complain(logger: Logger, error: unknown, message: string, fields: LogFields = {}): void {
  if (isPassing(error)) logger.warn({ ...fields, reason: reasonOf(error) }, message);
  else logger.error({ ...fields, err: error }, message);
}
