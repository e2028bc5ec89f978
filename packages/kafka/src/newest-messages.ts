import { randomUUID } from "node:crypto";
import type { KafkaCluster } from "./cluster.ts";
import { type Topic, whenSettled } from "./topic.ts";

const PATIENCE_MS = 30_000;

/** The newest message of each partition that holds any. Rejects where the brokers do not bring them in time. */
export async function newestMessages(cluster: KafkaCluster, { name }: Topic): Promise<Buffer[]> {
  const wanted = await newestOffsets(cluster, name);
  if (wanted.size === 0) return [];
  const found = new Map<number, Buffer>();
  const all = Promise.withResolvers<void>();
  // Nobody else's: it shares nothing out, commits nothing, and is gone when it has looked.
  const consumer = cluster.consumer({
    groupId: `${name}.look.${randomUUID()}`,
    allowAutoTopicCreation: false,
    retry: { retries: 3, restartOnFailure: async () => false },
  });
  consumer.on("consumer.crash", ({ payload }) => all.reject(payload.error));
  const patience = setTimeout(
    () => all.reject(new Error(`topic ${name} did not give its newest messages`)),
    PATIENCE_MS,
  );
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: name, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message: { offset, value } }) => {
        if (BigInt(offset) < (wanted.get(partition) ?? 0n)) return;
        found.set(partition, value ?? Buffer.alloc(0));
        if (found.size === wanted.size) all.resolve();
      },
    });
    for (const [partition, offset] of wanted)
      consumer.seek({ topic: name, partition, offset: String(offset) });
    await all.promise;
    return [...found.values()];
  } finally {
    clearTimeout(patience);
    await consumer.disconnect().catch(() => undefined);
  }
}

/** By partition; without those that are empty. */
async function newestOffsets(cluster: KafkaCluster, topic: string): Promise<Map<number, bigint>> {
  const admin = cluster.admin();
  await admin.connect();
  try {
    const ends = await whenSettled(() => admin.fetchTopicOffsets(topic));
    return new Map(
      ends.flatMap(({ partition, low, high }): [number, bigint][] =>
        BigInt(high) > BigInt(low) ? [[partition, BigInt(high) - 1n]] : [],
      ),
    );
  } finally {
    await admin.disconnect();
  }
}
