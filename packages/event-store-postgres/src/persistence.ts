import { setTimeout as delay } from "node:timers/promises";
import { isConnectionLost, isRolledBack } from "@taem/postgres";

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1_000;

/** Thrown when the signal aborts first; `cause` is the last failure, if any. */
export class GivenUp extends Error {}

/** Tries, with growing pauses while the server is away, until there is an answer or the signal aborts. */
export async function persist<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let failure: unknown = signal.reason;
  for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
    try {
      return await unlessAborted(attempt(), signal);
    } catch (error) {
      if (!isConnectionLost(error) && !isRolledBack(error)) throw error;
      failure = error;
    }
    await delay(pause, undefined, { signal }).catch(() => {});
  }
  throw new GivenUp("given up", { cause: failure });
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new GivenUp("given up", { cause: signal.reason }));
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
