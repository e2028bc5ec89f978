import type { Clock, Logger, Metrics } from "@taem/runtime";
import { within } from "../one-ahead.ts";
import { isPassing } from "../passing.ts";
import type { Settled } from "./claim.ts";
import { DELAYED_AFTER, type Message } from "./message.ts";
import { later, type Outcome, park } from "./outcome.ts";
import { nameOfQueue } from "./schema.ts";
import type { QueueWorkerOptions } from "./worker-options.ts";

/** How long an answer is waited for. */
const ANSWER_WITHIN_MS = 30_000;
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 60_000;
/** A failure that is no passing trouble and was met so often in a row is met every time. */
const PARK_AFTER = 5;

/** Delivers one message, and says what it is afterwards. */
export class Delivery {
  readonly #deliver: QueueWorkerOptions["deliver"];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #count: (outcome: Outcome["outcome"]) => void;

  constructor(options: QueueWorkerOptions) {
    const { deliver, clock, logger, metrics } = options;
    const queue = nameOfQueue(options);
    this.#deliver = deliver;
    this.#clock = clock;
    this.#logger = logger.child({ queue });
    this.#count = outcomeCounter(metrics, queue);
  }

  async deliver(message: Message): Promise<Settled> {
    const { outcome, failures } = await this.#attempt(message);
    this.#count(outcome.outcome);
    const { key } = message;
    switch (outcome.outcome) {
      case "done":
        return { key, state: "done", failures: 0, due_at: 0, error: null };
      case "refused":
        return { key, state: "refused", failures: 0, due_at: 0, error: oneLine(outcome.reason) };
      case "parked":
        this.#logger.error(
          { ...about(message), reason: outcome.reason },
          "message parked: look, then replay",
        );
        return { key, state: "parked", failures, due_at: 0, error: oneLine(outcome.reason) };
      case "later": {
        const due_at = this.#clock.now() + (outcome.afterMs ?? backoff(message.attempts));
        // What waits for long is told of, and seldom: its attempts double from one line to the next.
        if (message.attempts >= DELAYED_AFTER && Number.isInteger(Math.log2(message.attempts)))
          this.#logger.warn(
            { ...about(message), reason: outcome.reason },
            "message waits, and is tried again",
          );
        return { key, state: "waiting", failures, due_at, error: oneLine(outcome.reason) };
      }
    }
  }

  async #attempt(message: Message): Promise<{ readonly outcome: Outcome; readonly failures: number }> {
    try {
      const deadline = this.#clock.now() + ANSWER_WITHIN_MS;
      const outcome = await within(ANSWER_WITHIN_MS, this.#deliver(message, { deadline }));
      return { outcome: outcome ?? later("no answer came in time"), failures: 0 };
    } catch (error) {
      const { name, message: words } = error instanceof Error ? error : new Error(String(error));
      const reason = `${name}: ${words}`;
      if (isPassing(error)) return { outcome: later(reason), failures: 0 };
      const failures = message.failures + 1;
      this.#logger.warn({ ...about(message), err: error, failures }, "a message could not be delivered");
      return { outcome: failures >= PARK_AFTER ? park(reason) : later(reason), failures };
    }
  }
}

/** Doubles with each attempt. */
function backoff(attempts: number): number {
  return Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts, 10));
}

function about({ key, lane, type, attempts }: Message) {
  return { key, lane, type, attempts };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 500).toWellFormed();
}

function outcomeCounter(metrics: Metrics, queue: string): (outcome: Outcome["outcome"]) => void {
  const counter = metrics.counter({
    name: "taem_queue_deliveries_total",
    help: "Deliveries of messages of an outbox or inbox, by what became of them.",
    labels: ["queue", "outcome"] as const,
  });
  // A counter that nobody has seen at 0 hides its first increase.
  for (const outcome of ["done", "refused", "later", "parked"]) counter.add({ queue, outcome }, 0);
  return (outcome) => counter.add({ queue, outcome });
}
