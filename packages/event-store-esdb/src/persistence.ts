import { setTimeout as delay } from "node:timers/promises";

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1_000;

/** Growing pauses between the attempts of something that passes. */
export class Pauses {
  #next = FIRST_PAUSE_MS;

  /** Resolves after the pause, or when the signal aborts. */
  async take(signal: AbortSignal): Promise<void> {
    const pause = this.#next;
    this.#next = Math.min(pause * 2, LAST_PAUSE_MS);
    await delay(pause, undefined, { signal }).catch(() => {});
  }

  reset(): void {
    this.#next = FIRST_PAUSE_MS;
  }
}

/** Rejects with the signal's reason as soon as it aborts; the work goes on unheard. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** Does something with every item, so many at a time, and waits for all even when some fail; then the first failure is thrown. */
export async function forEachOf<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
