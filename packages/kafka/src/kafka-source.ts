import type { EventStore } from "@taem/event-store";
import {
  type Batch,
  type EventSource,
  EventTelemetry,
  eventsOf,
  type Link,
  type Stage,
} from "@taem/processing";
import { type Logger, type Metrics, QUIET_FAILURES, reasonOf, retryPause, type Tracer } from "@taem/runtime";
import type { Consumer, EachBatchPayload, Batch as KafkaBatch } from "kafkajs";
import { Backlog } from "./backlog.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { LinkCodec } from "./link-codec.ts";
import { HandoverClosed, LinkHandover } from "./link-handover.ts";
import { OffsetMarks } from "./offset-marks.ts";
import { partitionOf, type Topic } from "./topic.ts";

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

/** A member that died is missed after this long, and its slices stand still until then. */
const SESSION_MS = 10_000;
const REBALANCE_MS = 10_000;
const HEARTBEAT_MS = 2_000;
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
  const { metrics, group, logger } = options;
  const labels = { group };
  const foreign = metrics.counter({
    name: "taem_kafka_foreign_messages_total",
    help: "Messages that are none of this installation's events, and were left out.",
    labels: ["group"],
  });
  foreign.add(labels, 0);
  const onForeign = (messages: number, where: object) => {
    foreign.add(labels, messages);
    logger.error({ ...where, messages }, "messages that are not of this log were left out");
  };
  return {
    async *read({ limit, signal }) {
      for (let failures = 0; !signal.aborted; failures++) {
        try {
          for await (const batch of consume(options, limit, signal, onForeign)) {
            failures = 0;
            yield batch;
          }
        } catch (error) {
          if (signal.aborted) return;
          const fields = { group, reason: reasonOf(error) };
          const message = "reading from Kafka failed; trying again";
          // A group that is being formed, by a broker that has just started, say, is there a moment later.
          if (failures < QUIET_FAILURES) logger.info(fields, message);
          else logger.warn(fields, message);
          await retryPause(failures, signal);
        }
      }
    },
  };
}

type OnForeign = (messages: number, where: object) => void;

/** Batches of one consumer; throws when it ends, whatever the reason. */
async function* consume(
  { cluster, topic, group, codec, store, logger, tracer }: KafkaSourceOptions,
  limit: number,
  signal: AbortSignal,
  onForeign: OnForeign,
): AsyncGenerator<Batch> {
  const handover = new LinkHandover(limit);
  const marks = new OffsetMarks(topic);
  const backlog = new Backlog(store);
  const stop = () => handover.end(new HandoverClosed());
  signal.addEventListener("abort", stop);
  const consumer = cluster.consumer({
    groupId: group,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: REBALANCE_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
    maxBytes: FETCH_BYTES,
    allowAutoTopicCreation: false,
    // One way to begin again, whatever has happened: with a new consumer.
    retry: { retries: 3, restartOnFailure: async () => false },
  });
  consumer.on("consumer.crash", ({ payload }) => handover.end(payload.error));
  const telemetry = new EventTelemetry(stageOf(topic, group), { logger, tracer });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: topic.name, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: topic.partitions,
      eachBatch: deliverer(handover, marks, telemetry, async ({ batch }) => {
        const { partition, messages, highWatermark } = batch;
        const offset = messages[0]?.offset;
        const own = linksOf(batch, codec, topic);
        const links = await backlog.inLog({
          partition,
          firstOffset: BigInt(offset ?? highWatermark),
          highWatermark: BigInt(highWatermark),
          links: own,
        });
        const foreign = messages.length - links.length;
        if (foreign > 0) onForeign(foreign, { partition, offset });
        return links;
      }),
    });
    for (;;) {
      const batch = await handover.take();
      const { takes } = handover;
      yield { ...batch, done: () => marks.doneWith(takes) };
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    await disconnect(consumer);
  }
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

function linksOf({ messages, partition }: KafkaBatch, codec: LinkCodec, topic: Topic): Link[] {
  const links: Link[] = [];
  for (const { value, headers } of messages) {
    const link = codec.decode(value, headers);
    // A slice's messages come in order because they come by one way: what lies elsewhere did not come by it.
    if (link !== undefined && partitionOf(link.slice, topic) === partition) links.push(link);
  }
  return links;
}

/** Hands a partition's batch over, and lets it be over when the last of it is taken. */
function deliverer(
  handover: LinkHandover,
  marks: OffsetMarks,
  telemetry: EventTelemetry,
  decode: (payload: EachBatchPayload) => Promise<readonly Link[]>,
): (payload: EachBatchPayload) => Promise<void> {
  let committedAt = performance.now();
  return async (payload) => {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary } = payload;
    const links = await decode(payload);
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

/**
 * Waits for the taker, however long it takes: the group must not think this member dead meanwhile. Whether all was
 * taken; not if the reading ends before.
 */
async function handOver(
  handover: LinkHandover,
  offered: Batch,
  heartbeat: () => Promise<void>,
): Promise<boolean> {
  const { gone, withdraw } = handover.offer(offered);
  const expelled = Promise.withResolvers<never>();
  const timer = setInterval(() => heartbeat().catch(expelled.reject), HEARTBEAT_MS);
  try {
    await Promise.race([gone, expelled.promise]);
    return true;
  } catch (error) {
    withdraw();
    if (error instanceof HandoverClosed) return false;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

async function disconnect(consumer: Consumer): Promise<void> {
  // A broker that is away cannot be told: it finds out by itself.
  await consumer.disconnect().catch(() => undefined);
}
