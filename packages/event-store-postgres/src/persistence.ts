import { Pauses, unlessAborted } from "@taem/event-store";
import { isConnectionLost, isRolledBack } from "@taem/postgres";

/** Thrown when the signal aborts first; `cause` is the last failure, if any. */
export class GivenUp extends Error {}

/**
 * Tries, with growing pauses while the server is away, until there is an answer or the signal aborts. `onFailure` is told of what
 * it survives, and of undefined at the end.
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (failure: unknown) => void = () => {},
): Promise<T> {
  let failure: unknown;
  for (const pauses = new Pauses(); !signal.aborted; await pauses.take(signal)) {
    try {
      const answer = await unlessAborted(attempt(), signal);
      onFailure(undefined);
      return answer;
    } catch (error) {
      if (error === signal.reason) break;
      if (!isConnectionLost(error) && !isRolledBack(error)) throw error;
      failure = error;
      onFailure(error);
    }
  }
  throw new GivenUp("given up", { cause: failure ?? signal.reason });
}
