import { OperatorError } from "@taem/runtime";
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
      waitForLeaders: true,
      topics: [
        {
          topic: name,
          numPartitions: partitions,
          replicationFactor,
          configEntries: [
            { name: "retention.ms", value: String(retentionMs) },
            { name: "cleanup.policy", value: "delete" },
          ],
        },
      ],
    });
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    const found = topics[0]?.partitions.length;
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
