import type { EventStore } from "@taem/event-store";
import {
  type Batch,
  type EventSource,
  EventTelemetry,
  eventsOf,
  type Link,
  type Outage,
  type Stage,
} from "@taem/processing";
import { type Logger, type Metrics, QUIET_FAILURES, reasonOf, retryPause, type Tracer } from "@taem/runtime";
import type { Consumer, EachBatchPayload, KafkaJSProtocolError } from "kafkajs";
import { type KafkaCluster, RETRY_AT_LEAST_EVERY_MS } from "./cluster.ts";
import type { LinkCodec } from "./link-codec.ts";
import { HandoverClosed, LinkHandover } from "./link-handover.ts";
import { OffsetMarks } from "./offset-marks.ts";
import { Refusals } from "./refusals.ts";
import { Sieve } from "./sieve.ts";
import type { Topic } from "./topic.ts";

export interface KafkaSourceOptions {
  readonly cluster: KafkaCluster;
  readonly topic: Topic;
  /** Those who share one share the slices out among themselves: one for each set of projections that read together. */
  readonly group: string;
  /** Knows whose log it is: what another one's relay has sent here is not ours. */
  readonly codec: LinkCodec;
  /** The log itself. */
  readonly store: Pick<EventStore, "read" | "head">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer | undefined;
}

/**
 * A member that died is missed after this long, and its slices stand still until then. Brokers take no less than six seconds
 * unless `group.min.session.timeout.ms` says so: where they refuse it, members go by what every broker takes.
 */
const SESSION_MS = 4_000;
const SESSION_EVERYWHERE_MS = 6_000;
/** Whoever is there has this long to join when members change. */
const REBALANCE_MS = 5_000;
const HEARTBEAT_MS = 1_000;
const FETCH_WAIT_MS = 1_000;
const FETCH_BYTES_PER_PARTITION = 512 * 1_024;
const FETCH_BYTES = 4 * 1_024 * 1_024;
const COMMIT_MS = 5_000;

/**
 * Kafka as an event source. Which messages come, and which come again, the consumer group decides; what is missing the
 * chain says. Offsets of what is done with are committed now and then so that a start need not begin at the topic's
 * beginning: nothing else depends on them.
 */
export function kafkaSource(options: KafkaSourceOptions): EventSource {
  const { group, logger, topic } = options;
  const refusals = new Refusals(group, options);
  let outage: Outage | undefined;
  let sessionMs = SESSION_MS;
  return {
    outage: () => outage,
    async *read({ limit, signal }) {
      const onFetch = () => {
        outage = undefined;
      };
      for (let failures = 0; !signal.aborted; failures++) {
        try {
          for await (const batch of consume({ ...options, refusals, sessionMs, onFetch }, limit, signal)) {
            failures = 0;
            yield batch;
          }
        } catch (error) {
          if (signal.aborted) return;
          const reason = failureOf(error, topic);
          if (typeOf(error) === "INVALID_SESSION_TIMEOUT") sessionMs = SESSION_EVERYWHERE_MS;
          outage = { since: outage?.since ?? performance.now(), reason };
          const message = "reading from Kafka failed; trying again";
          // A group that is being formed, by a broker that has just started, say, is there a moment later.
          if (failures < QUIET_FAILURES) logger.info({ group, reason }, message);
          else logger.warn({ group, reason }, message);
          await retryPause(failures, signal, RETRY_AT_LEAST_EVERY_MS);
        }
      }
    },
  };
}

function typeOf(error: unknown): string | undefined {
  return (error as Partial<KafkaJSProtocolError>).type;
}

function failureOf(error: unknown, { name }: Topic): string {
  if (typeOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") return reasonOf(error);
  return `there is no topic ${name}: start the relay or a projector again, which makes it`;
}

interface Consuming extends KafkaSourceOptions {
  readonly refusals: Refusals;
  readonly sessionMs: number;
  /** Called when the brokers have answered a fetch. */
  readonly onFetch: () => void;
}

/** Batches of one consumer; throws when it ends, whatever the reason. */
async function* consume(options: Consuming, limit: number, signal: AbortSignal): AsyncGenerator<Batch> {
  const { topic, group, logger, tracer } = options;
  const handover = new LinkHandover(limit);
  const marks = new OffsetMarks(topic);
  const ended = new AbortController();
  const sieve = new Sieve({ ...options, signal: ended.signal });
  const stop = (reason: Error = new HandoverClosed()) => {
    handover.end(reason);
    ended.abort();
  };
  const onAbort = () => stop();
  signal.addEventListener("abort", onAbort);
  const consumer = consumerOf(options);
  consumer.on("consumer.crash", ({ payload }) => stop(payload.error));
  consumer.on("consumer.fetch", options.onFetch);
  const telemetry = new EventTelemetry(stageOf(topic, group), { logger, tracer });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: topic.name, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: topic.partitions,
      eachBatch: deliverer(handover, marks, telemetry, sieve),
    });
    for (;;) {
      const batch = await handover.take();
      const { takes } = handover;
      yield { ...batch, done: () => marks.doneWith(takes) };
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    stop();
    await disconnect(consumer);
  }
}

function consumerOf({ cluster, group, sessionMs }: Consuming): Consumer {
  return cluster.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    rebalanceTimeout: REBALANCE_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
    maxBytes: FETCH_BYTES,
    allowAutoTopicCreation: false,
    // One way to begin again, whatever has happened: with a new consumer.
    retry: { retries: 3, restartOnFailure: async () => false },
  });
}

function stageOf({ name }: Topic, group: string): Stage {
  const attributes = {
    "messaging.system": "kafka",
    "messaging.operation.type": "receive",
    "messaging.destination.name": name,
    "messaging.consumer.group.name": group,
  };
  return { name: `receive ${name}`, kind: "consumer", attributes };
}

/** Hands a partition's batch over, and lets it be over when the last of it is taken. */
function deliverer(
  handover: LinkHandover,
  marks: OffsetMarks,
  telemetry: EventTelemetry,
  sieve: Sieve,
): (payload: EachBatchPayload) => Promise<void> {
  let committedAt = performance.now();
  return async (payload) => {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary } = payload;
    const links = await beating(heartbeat, sieve.sift(batch));
    const hasMore = batch.offsetLag() !== "0";
    if (links.length > 0) {
      const handingOver = () => handOver(handover, { links, hasMore }, heartbeat);
      const attributes = {
        "messaging.destination.partition.id": String(batch.partition),
        "messaging.batch.message_count": links.length,
      };
      if (!(await telemetry.follow(() => eventsOf(links), handingOver, { attributes }))) return;
    }
    resolveOffset(batch.lastOffset());
    marks.add(batch.partition, handover.takes, BigInt(batch.lastOffset()) + 1n);
    if (performance.now() - committedAt < COMMIT_MS) return;
    committedAt = performance.now();
    const offsets = marks.toCommit();
    if (offsets !== undefined) await commitOffsetsIfNecessary(offsets);
  };
}

/** Waits for the taker, however long it takes. Whether all was taken; not if the reading ends before. */
async function handOver(
  handover: LinkHandover,
  offered: { readonly links: readonly Link[]; readonly hasMore: boolean },
  heartbeat: () => Promise<void>,
): Promise<boolean> {
  const { gone, withdraw } = handover.offer(offered);
  try {
    await beating(heartbeat, gone);
    return true;
  } catch (error) {
    withdraw();
    if (error instanceof HandoverClosed) return false;
    throw error;
  }
}

/** The group must not think this member dead meanwhile; rejects where it does, or begins anew. */
async function beating<T>(heartbeat: () => Promise<void>, work: Promise<T>): Promise<T> {
  const expelled = Promise.withResolvers<never>();
  const timer = setInterval(() => heartbeat().catch(expelled.reject), HEARTBEAT_MS);
  try {
    return await Promise.race([work, expelled.promise]);
  } finally {
    clearInterval(timer);
  }
}

async function disconnect(consumer: Consumer): Promise<void> {
  // A broker that is away cannot be told: it finds out by itself.
  await consumer.disconnect().catch(() => undefined);
}
