import type { Logger, Metrics } from "@taem/runtime";

/** Why a message is left out. */
export const REFUSALS = [
  /** It has no seal: a relay of an earlier version has sent it, or somebody else. */
  "unsealed",
  /** Its seal is not that of what it says: it was damaged, changed, made up, or is of another installation or topic. */
  "forged",
  /** It was sealed here, and is nothing that is ever sent. */
  "unreadable",
  /** It lies in another partition than its slice's messages. */
  "misplaced",
  /** Its position is none of the log's, or lies beyond its end. */
  "beyond_log",
  /** The log has something else at its position: a log that was restored since. */
  "not_in_log",
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** How often it is said again of one reason; what is left out meanwhile is added up. */
const SAY_EVERY_MS = 60_000;

interface Unsaid {
  messages: number;
  sayAgainAt: number;
}

/** Counts the messages that a group leaves out, and says so now and then: whoever sends them may send many. */
export class Refusals {
  readonly #logger: Logger;
  readonly #count: (reason: Refusal, messages: number) => void;
  readonly #unsaid = new Map<Refusal, Unsaid>();

  constructor(group: string, { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics }) {
    this.#logger = logger.child({ group });
    const counter = metrics.counter({
      name: "taem_kafka_refused_messages_total",
      help: "Messages that were left out because they are not as the relay of this installation sends them, or not of this log.",
      labels: ["group", "reason"] as const,
    });
    // A counter that nobody has seen at 0 hides its first increase.
    for (const reason of REFUSALS) counter.add({ group, reason }, 0);
    this.#count = (reason, messages) => counter.add({ group, reason }, messages);
  }

  /** `where` is that of the batch that they lie in. */
  add(reason: Refusal, messages: number, where: object): void {
    if (messages === 0) return;
    this.#count(reason, messages);
    const unsaid = this.#unsaid.get(reason) ?? { messages: 0, sayAgainAt: Number.NEGATIVE_INFINITY };
    this.#unsaid.set(reason, unsaid);
    unsaid.messages += messages;
    const now = performance.now();
    if (now < unsaid.sayAgainAt) return;
    const fields = { ...where, reason, messages: unsaid.messages };
    this.#logger.error(fields, "messages that are not of this log were left out");
    unsaid.messages = 0;
    unsaid.sayAgainAt = now + SAY_EVERY_MS;
  }
}
