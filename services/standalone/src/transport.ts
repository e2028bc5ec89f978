import type { EventStore } from "@taem/event-store";
import type { KafkaCluster, KafkaOptions, Topic } from "@taem/kafka";
import { type EventSource, storeLogSource } from "@taem/projection";
import { type Logger, type Metrics, OperatorError, type Tracer } from "@taem/runtime";
import type { Config } from "./config.ts";

/** How events get from the log to the projections. */
export interface Transport {
  /** What a projection reads, by the projection's name. */
  source(projection: string): EventSource;
  /** The topic that the relay writes and projections read; undefined where they read the log itself. */
  readonly kafka: { readonly cluster: KafkaCluster; readonly topic: Topic } | undefined;
}

export interface TransportOptions {
  readonly store: EventStore;
  readonly installation: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer | undefined;
}

/** Makes the topic where it is missing. Throws `kafka_unavailable`. */
export async function openTransport(config: Config, options: TransportOptions): Promise<Transport> {
  const { KAFKA_BROKERS: brokers, TAEM_SERVICES: services } = config;
  // Commands are decided and stored without Kafka, whether or not it runs.
  const isNeeded = services.some((service) => service !== "commands");
  if (brokers === undefined || !isNeeded) {
    return { kafka: undefined, source: () => storeLogSource(options.store) };
  }
  // Loaded where it is used.
  const { ensureTopic, kafkaCluster, kafkaSource } = await import("@taem/kafka");
  const cluster = kafkaCluster(clusterOptions(config, brokers, options.logger));
  const topic = { name: config.TAEM_KAFKA_TOPIC, partitions: config.TAEM_KAFKA_PARTITIONS };
  const retention = {
    replicationFactor: config.TAEM_KAFKA_REPLICATION,
    retentionMs: config.TAEM_KAFKA_RETENTION,
  };
  await ensureTopic(cluster, { ...topic, ...retention }).catch(unavailable(brokers));
  const source = (projection: string) =>
    kafkaSource({ cluster, topic, group: `${topic.name}.${projection}`, ...options });
  return { kafka: { cluster, topic }, source };
}

function clusterOptions(config: Config, brokers: readonly string[], logger: Logger): KafkaOptions {
  const { TAEM_KAFKA_TLS: tls, TAEM_KAFKA_USERNAME: username, TAEM_KAFKA_PASSWORD: password } = config;
  const isSecured = username !== undefined && password !== undefined;
  return {
    brokers,
    clientId: "taem",
    tls,
    ...(isSecured && { credentials: { username, password } }),
    logger,
  };
}

function unavailable(brokers: readonly string[]): (cause: Error) => never {
  return (cause) => {
    if (cause instanceof OperatorError) throw cause;
    const message = `Kafka at ${brokers.join(", ")} cannot be used: ${cause.message}`;
    throw new OperatorError("kafka_unavailable", message, { cause });
  };
}
