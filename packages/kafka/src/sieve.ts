import { type EventStore, StoreUnavailable } from "@taem/event-store";
import type { Link } from "@taem/processing";
import { retryPause } from "@taem/runtime";
import type { Batch as KafkaBatch } from "kafkajs";
import { Backlog } from "./backlog.ts";
import type { LinkCodec } from "./link-codec.ts";
import { LogEnd } from "./log-end.ts";
import type { Refusal, Refusals } from "./refusals.ts";
import { partitionOf, type Topic } from "./topic.ts";

export interface SieveOptions {
  readonly codec: LinkCodec;
  readonly topic: Topic;
  /** The log itself. */
  readonly store: Pick<EventStore, "read" | "head">;
  readonly refusals: Refusals;
  /** Nobody waits for what it lets through any more. */
  readonly signal: AbortSignal;
}

/**
 * What of a topic is to be believed: sealed by this installation's relay, in its slice's partition, and not beyond what the log
 * has. All else is left out; where it stood for an event, the next message of its slice shows the gap.
 */
export class Sieve {
  readonly #options: SieveOptions;
  readonly #backlog: Backlog;
  readonly #end: LogEnd;

  constructor(options: SieveOptions) {
    this.#options = options;
    this.#backlog = new Backlog(options.store);
    this.#end = new LogEnd(options.store);
  }

  /** Waits while the store is away: nothing is refused that could not be looked at. */
  async sift(batch: KafkaBatch): Promise<readonly Link[]> {
    const { partition, messages, highWatermark } = batch;
    const { refusals } = this.#options;
    const offset = messages[0]?.offset;
    const where = { partition, offset };
    const links = this.#decoded(batch, where);
    const firstOffset = BigInt(offset ?? highWatermark);
    const received = { partition, firstOffset, highWatermark: BigInt(highWatermark), links };
    const known = await this.#patiently(() => this.#backlog.inLog(received));
    refusals.add("not_in_log", links.length - known.length, where);
    const reached = await this.#patiently(() => this.#end.reached(known));
    refusals.add("beyond_log", known.length - reached.length, where);
    return reached;
  }

  #decoded({ messages, partition }: KafkaBatch, where: object): Link[] {
    const { codec, topic, refusals } = this.#options;
    const links: Link[] = [];
    const refused = new Map<Refusal, number>();
    for (const { value, headers } of messages) {
      const link = codec.decode(value, headers);
      // A slice's messages come in order because they come by one way: what lies elsewhere did not come by it.
      const isPlaced = typeof link !== "string" && partitionOf(link.slice, topic) === partition;
      if (isPlaced) links.push(link);
      else {
        const reason = typeof link === "string" ? link : "misplaced";
        refused.set(reason, (refused.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of refused) refusals.add(reason, count, where);
    return links;
  }

  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    for (let failures = 0; ; failures++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || signal.aborted) throw error;
      }
      await retryPause(failures, signal);
    }
  }
}
