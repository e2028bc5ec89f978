import { OperatorError } from "@taem/runtime";
import { ContractViolation } from "@taem/schema";
import { decodeEnvelope } from "@taem/schema/avro";
import type { KafkaCluster } from "./cluster.ts";
import { newestMessages } from "./newest-messages.ts";
import type { Topic } from "./topic.ts";

/**
 * Looks at the newest messages of a topic that this installation has told nothing yet. Throws
 * `topic_of_another_installation` where they are of another one's log and none is of ours. What is no message of any log
 * says nothing.
 */
export async function assertNotForeign(
  cluster: KafkaCluster,
  topic: Topic,
  installation: string,
): Promise<void> {
  const owners = (await newestMessages(cluster, topic)).flatMap(installationOf);
  const [foreign] = owners;
  if (foreign === undefined || owners.includes(installation)) return;
  throw new OperatorError(
    "topic_of_another_installation",
    `topic ${topic.name} carries the events of installation ${foreign}, and this is ${installation}: set TAEM_KAFKA_TOPIC ` +
      "to a topic of its own, or use the database and event store of the other",
  );
}

function installationOf(message: Buffer): string[] {
  try {
    return [decodeEnvelope(message).installation];
  } catch (error) {
    if (error instanceof ContractViolation) return [];
    throw error;
  }
}
