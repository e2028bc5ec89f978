import { OperatorError, retryPause } from "@taem/runtime";
import type { Admin, KafkaJSProtocolError } from "kafkajs";
import type { KafkaCluster } from "./cluster.ts";

/** The topic that carries the log's events. */
export interface Topic {
  readonly name: string;
  /** Fixed when the topic is made: a slice's messages stay in order because they stay in one partition. */
  readonly partitions: number;
}

export interface NewTopic extends Topic {
  readonly replicationFactor: number;
  /** How long messages are kept. What a consumer misses by then it reads from the event store. */
  readonly retentionMs: number;
}

/** The partition that carries a slice. */
export function partitionOf(slice: number, { partitions }: Topic): number {
  return slice % partitions;
}

/**
 * Makes the topic where it is missing; any number of processes may. Throws `topic_mismatch` for one of other partitions.
 */
export async function ensureTopic(cluster: KafkaCluster, topic: NewTopic): Promise<void> {
  const { name, partitions, replicationFactor, retentionMs } = topic;
  const admin = cluster.admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: name,
          numPartitions: partitions,
          replicationFactor,
          configEntries: [
            { name: "retention.ms", value: String(retentionMs) },
            { name: "cleanup.policy", value: "delete" },
            // Unpacked by the broker, who refuses what is then too large: a reader is sent neither bombs nor what it cannot unpack.
            { name: "compression.type", value: "uncompressed" },
          ],
        },
      ],
    });
    const found = await partitionsOf(admin, name);
    if (found === partitions) return;
    throw new OperatorError(
      "topic_mismatch",
      `topic ${name} has ${found} partitions, and this program is set to ${partitions}: set TAEM_KAFKA_PARTITIONS to ` +
        `${found}, or choose another topic`,
    );
  } finally {
    await admin.disconnect();
  }
}

/** A broker knows of a topic a moment after it was made, and of its leaders after another. */
const SETTLING = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION"]);
const SETTLED_MS = 15_000;

/** What a broker says of a topic once it knows of it. */
export async function whenSettled<T>(ask: () => Promise<T>): Promise<T> {
  const patience = AbortSignal.timeout(SETTLED_MS);
  for (let failures = 0; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      if (patience.aborted || !SETTLING.has((error as KafkaJSProtocolError).type)) throw error;
    }
    await retryPause(failures, patience);
  }
}

async function partitionsOf(admin: Admin, name: string): Promise<number> {
  const { topics } = await whenSettled(() => admin.fetchTopicMetadata({ topics: [name] }));
  return topics[0]?.partitions.length ?? 0;
}
