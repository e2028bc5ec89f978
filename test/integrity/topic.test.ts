import { randomUUID } from "node:crypto";
import { ensureTopic, kafkaCluster, type NewTopic } from "@taem/kafka";
import { collectingLogger } from "@taem/testing/collecting-logger";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failures: a topic that a broker made by its own defaults, with one partition and a week's retention; slices that change
// their partition, and with it their order; a few bytes that take a reader's memory when they are unpacked.

/** As Kafka numbers them. */
const TOPIC_RESOURCE = 2;
const GZIP = 1;
const HOUR_MS = 3_600_000;
const SETTINGS = ["retention.ms", "cleanup.policy", "compression.type"];

const newTopic = (partitions: number, retentionMs = HOUR_MS): NewTopic => ({
  name: `taem.made.${randomUUID()}`,
  partitions,
  replicationFactor: 1,
  retentionMs,
});

describeWith("the topic of events", "kafka", await sharedKafka(), ({ brokers }) => {
  const cluster = kafkaCluster({
    brokers: brokers.split(","),
    clientId: "topic-test",
    logger: collectingLogger().logger,
  });

  async function described(name: string) {
    const admin = cluster.admin();
    await admin.connect();
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: TOPIC_RESOURCE, name, configNames: SETTINGS }],
      });
      const settings = resources[0]?.configEntries.map(({ configName, configValue }) => [
        configName,
        configValue,
      ]);
      const partitions = topics[0]?.partitions ?? [];
      return {
        replicas: partitions.map(({ replicas }) => replicas.length),
        ...Object.fromEntries(settings ?? []),
      };
    } finally {
      await admin.disconnect();
    }
  }

  test("is made as it is told, whoever comes first", async () => {
    const topic = newTopic(7);
    await Promise.all([ensureTopic(cluster, topic), ensureTopic(cluster, topic)]);
    expect(await described(topic.name)).toEqual({
      replicas: Array(7).fill(1),
      "retention.ms": String(HOUR_MS),
      "cleanup.policy": "delete",
      "compression.type": "uncompressed",
    });
  });

  test("takes nothing that is small on its way and large for who reads it", async () => {
    const topic = newTopic(1);
    await ensureTopic(cluster, topic);
    const producer = cluster.producer({ retry: { retries: 0 } });
    await producer.connect();
    const send = (bytes: number) =>
      producer.send({
        topic: topic.name,
        compression: GZIP,
        messages: Array.from({ length: 20 }, () => ({ value: Buffer.alloc(bytes) })),
      });
    await send(1_000);
    await expect(send(500_000)).rejects.toMatchObject({ type: "MESSAGE_TOO_LARGE" });
    await producer.disconnect();
  });

  test("that is there stays as it is, and one of other partitions is refused", async () => {
    const topic = newTopic(3);
    await ensureTopic(cluster, topic);
    await ensureTopic(cluster, { ...topic, retentionMs: 2 * HOUR_MS });
    await expect(ensureTopic(cluster, { ...topic, partitions: 5 })).rejects.toMatchObject({
      code: "topic_mismatch",
      message: expect.stringContaining("set TAEM_KAFKA_PARTITIONS to 3"),
    });
    expect(await described(topic.name)).toMatchObject({
      replicas: [1, 1, 1],
      "retention.ms": String(HOUR_MS),
    });
  });
});
