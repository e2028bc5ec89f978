import { setTimeout as delay } from "node:timers/promises";
import type { EventStore, LogPage, RecordedEvent } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { EventTelemetry, isPassing, linkedEvent, oneAhead } from "@taem/processing";
import {
  type Clock,
  type Logger,
  type Metrics,
  OperatorError,
  QUIET_FAILURES,
  reasonOf,
  retryPause,
  type Tracer,
} from "@taem/runtime";
import { ContractViolation } from "@taem/schema";
import { isOfKafka, type KafkaCluster, RETRY_AT_LEAST_EVERY_MS } from "../cluster.ts";
import { EventPublisher, type Message } from "../event-publisher.ts";
import type { LinkCodec } from "../link-codec.ts";
import type { Topic } from "../topic.ts";
import { Chain } from "./chain.ts";
import { type PointedAt, type RelayMetrics, relayMetrics } from "./relay-metrics.ts";
import { RENEW_MS, type RelayState, RelayTable, Superseded } from "./relay-state.ts";

export interface RelayPlatform {
  readonly store: EventStore;
  readonly database: Database;
  readonly cluster: KafkaCluster;
  readonly topic: Topic;
  readonly codec: LinkCodec;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer?: Tracer | undefined;
}

const PAGE = 500;
const ROUND_MS = 1_000;
/** Pages that are not full are sent this far apart: a request to Kafka costs the same for one event as for many. */
const GATHER_MS = 50;
/** How far the relay has come is written down this often; what it told since is told again by the next leader. */
const SAVE_MS = 250;

/**
 * Tells Kafka what the log holds: may repeat, never leaves out, never reorders. One relay leads, and others wait to;
 * should two lead for a moment, both tell the truth, and consumers take each event once.
 */
export class Relay {
  readonly #platform: RelayPlatform;
  readonly #table: RelayTable;
  readonly #logger: Logger;
  readonly #metrics: RelayMetrics;
  readonly #telemetry: EventTelemetry;
  readonly #stopping = new AbortController();
  /** Types that it has complained of, as not known. */
  readonly #unknown = new Set<string>();
  #refusal: OperatorError | undefined;
  #finished: Promise<void> | undefined;

  constructor(platform: RelayPlatform) {
    this.#platform = platform;
    this.#table = new RelayTable(platform.database, platform.topic.name);
    this.#logger = platform.logger.child({ topic: platform.topic.name });
    this.#metrics = relayMetrics(platform.metrics);
    const { topic, tracer } = platform;
    const attributes = {
      "messaging.system": "kafka",
      "messaging.operation.type": "send",
      "messaging.destination.name": topic.name,
    };
    const stage = { name: `publish ${topic.name}`, kind: "producer", attributes } as const;
    this.#telemetry = new EventTelemetry(stage, { logger: this.#logger, tracer });
  }

  /**
   * Begins, as leader or waiting to be. Throws `checkpoint_beyond_head` or `checkpoint_not_in_log` where the store has lost
   * what Kafka was told.
   */
  async start(): Promise<void> {
    await this.#table.assertOfThisLog(this.#platform.store);
    this.#finished = this.#run();
  }

  /** Throws where the log is not the one that the topic was told of. */
  assertOfThisLog(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  /** Ends after the batch that is being sent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const state = await this.#table.claim();
        if (state === undefined) {
          await pause(ROUND_MS, signal);
          continue;
        }
        await this.#lead(state, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error, failures);
        await retryPause(failures++, signal, RETRY_AT_LEAST_EVERY_MS);
      }
    }
  }

  /** Until told to stop, or something fails: then what has arrived is unknown, and the next leader begins at the checkpoint. */
  async #lead(state: RelayState, onSent: () => void): Promise<void> {
    const { cluster, topic, store } = this.#platform;
    // Whatever ended the leader before may have put another log there.
    await this.#table.assertOfThisLog(store);
    this.#refusal = undefined;
    this.#logger.info({ epoch: String(state.epoch), position: state.position }, "relay leads");
    // A broker may take longer to answer than the lease lasts. Whether another has taken over the next save says.
    const renewing = setInterval(() => this.#table.renew(state).catch(() => undefined), RENEW_MS);
    try {
      await using publisher = await EventPublisher.connect(cluster, topic);
      this.#metrics.leads(true);
      await this.#tell(publisher, state, onSent);
    } finally {
      clearInterval(renewing);
      this.#metrics.leads(false);
      // What cannot be given up now runs out.
      await this.#table.release(state).catch(() => undefined);
    }
  }

  async #tell(publisher: EventPublisher, state: RelayState, onSent: () => void) {
    const { epoch, position } = state;
    const chain = new Chain(state, state.slices);
    const reading = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, reading.signal]);
    const pages = this.#platform.store.follow(position, { limit: PAGE, signal });
    const isFull = ({ events }: LogPage) => events.length === PAGE;
    const save = () => {
      const { position, landmark, newest: slices } = chain;
      return this.#table.save({ epoch, position, landmark, slices });
    };
    // Where it stands comes first: so a reader tells apart what another log's relay has told, should that have been restored.
    await publisher.publish(this.#messages(chain, undefined));
    let savedAt = Number.NEGATIVE_INFINITY;
    for await (const page of oneAhead(pages, ROUND_MS, isFull, () => reading.abort())) {
      if (signal.aborted) break;
      const began = performance.now();
      await this.#pass(page, () => publisher.publish(this.#messages(chain, page)));
      onSent();
      if (page === undefined || began - savedAt >= SAVE_MS) {
        await save();
        savedAt = began;
      }
      if (page === undefined) continue;
      this.#measure(page);
      if (!isFull(page)) await pause(Math.max(0, began + GATHER_MS - performance.now()), signal);
    }
    await save();
  }

  /** Watermarks alone are not worth a word. */
  async #pass(page: LogPage | undefined, publish: () => Promise<void>): Promise<void> {
    if (page === undefined) return await publish();
    const attributes = { "messaging.batch.message_count": page.events.length };
    await this.#telemetry.follow(() => page.events.map(linkedEvent), publish, {
      attributes,
      message: () => "relayed",
    });
  }

  #measure({ events }: LogPage): void {
    const oldest = events[0];
    if (oldest === undefined) return;
    this.#metrics.published(events.length, Math.max(0, this.#platform.clock.now() - oldest.recordedAt));
  }

  #messages(chain: Chain, page: LogPage | undefined) {
    const { codec } = this.#platform;
    const now = performance.now();
    const events = page === undefined ? [] : chain.add(page, now);
    return [
      ...events.map(({ event, previous }) => this.#messageOf(event, previous)),
      ...chain.watermarks(now).map((watermark) => codec.encodeWatermark(watermark)),
    ];
  }

  #messageOf(event: RecordedEvent, previous: string): Message {
    const { codec } = this.#platform;
    const { type, position, stream, revision } = event;
    if (!codec.knows(event)) {
      if (!this.#unknown.has(type)) {
        this.#unknown.add(type);
        const message =
          "this version cannot tell of such an event: readers fetch it from the store; upgrade it";
        this.#logger.error({ type, position }, message);
      }
      return this.#pointAt(event, "unknown");
    }
    try {
      return { ...codec.encode(event, previous), instead: () => this.#pointAtLarge(event) };
    } catch (error) {
      if (!(error instanceof ContractViolation)) throw error;
      const message =
        "an event is not what its contract says: readers fetch it from the store, and park its stream";
      this.#logger.error({ type, stream, revision, position, reason: error.message }, message);
      return this.#pointAt(event, "damaged");
    }
  }

  #pointAtLarge(event: RecordedEvent): Message {
    const { type, stream, revision, position } = event;
    const message =
      "an event is larger than the topic takes: readers fetch it from the store; raise its max.message.bytes";
    this.#logger.warn({ type, stream, revision, position }, message);
    return this.#pointAt(event, "too_large");
  }

  /**
   * What cannot be said is pointed at: the slice is told of its position as of something that came before; who follows the
   * chain misses it, and has it from the store.
   */
  #pointAt({ slice, position }: RecordedEvent, why: PointedAt): Message {
    this.#metrics.pointedAt(why);
    return this.#platform.codec.encodeWatermark({ slice, position, previous: position });
  }

  #report(error: unknown, failures: number): void {
    const reason = (error as Error).message;
    this.#metrics.restarted();
    if (error instanceof OperatorError) {
      this.#refusal = error;
      this.#logger.error({ code: error.code, reason }, "relay refuses");
    } else if (error instanceof Superseded) this.#logger.info({ reason }, "relay waits");
    else this.#tellOfRestart(error, failures);
  }

  #tellOfRestart(error: unknown, failures: number): void {
    const message = "relay begins again at its checkpoint";
    const fields = { reason: reasonOf(error) };
    if (!isPassing(error) && !isOfKafka(error)) this.#logger.warn({ err: error }, message);
    else if (failures < QUIET_FAILURES) this.#logger.info(fields, message);
    else this.#logger.warn(fields, message);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
