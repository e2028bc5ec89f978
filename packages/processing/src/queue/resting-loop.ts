import { setTimeout as delay } from "node:timers/promises";
import { type Logger, retryPause } from "@taem/runtime";
import { logTrouble } from "../passing.ts";

/** Does rounds of work for ever: one after the other while they find something, else with a rest between. */
export class RestingLoop {
  readonly #round: () => Promise<number>;
  readonly #restMs: number;
  readonly #logger: Logger;
  readonly #complaint: string;
  readonly #stopping = new AbortController();
  #hurried = new AbortController();
  #finished: Promise<void> | undefined;

  /** `round` says how much it did; `complaint` is logged when it rejects. */
  constructor(round: () => Promise<number>, restMs: number, logger: Logger, complaint: string) {
    this.#round = round;
    this.#restMs = restMs;
    this.#logger = logger;
    this.#complaint = complaint;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  start(): void {
    this.#finished ??= this.#run();
  }

  /** Ends after the round under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  /** Ends the rest. */
  hurry(): void {
    this.#hurried.abort();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.isStopping; ) {
      try {
        const done = await this.#round();
        failures = 0;
        if (done === 0) await this.#rest();
      } catch (error) {
        logTrouble(this.#logger, error, this.#complaint);
        await retryPause(failures++, this.#stopping.signal);
      }
    }
  }

  async #rest(): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, this.#hurried.signal]);
    await delay(this.#restMs, undefined, { signal }).catch(() => undefined);
    if (this.#hurried.signal.aborted) this.#hurried = new AbortController();
  }
}
