import type { KeyObject } from "node:crypto";
import { type EventStore, START } from "@taem/event-store";
import type { KafkaCluster, KafkaOptions, LinkCodec, RelayTable, Topic } from "@taem/kafka";
import { type Database, migrate } from "@taem/postgres";
import { type EventSource, sharedSource, storeLogSource } from "@taem/processing";
import { type Logger, type Metrics, OperatorError, type Tracer } from "@taem/runtime";
import type { Catalogue } from "@taem/schema";
import type { Config } from "./config.ts";

/** How events get from the log to the projections. */
export interface Transport {
  /** What the projections of this process read, together. */
  readonly source: EventSource;
  /** The topic that the relay writes and projections read; undefined where they read the log itself. */
  readonly kafka:
    | { readonly cluster: KafkaCluster; readonly topic: Topic; readonly codec: LinkCodec }
    | undefined;
}

export interface TransportOptions {
  /** Names of those that read, in this process. */
  readonly projections: readonly string[];
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly store: EventStore;
  readonly installation: string;
  /** Seals messages on Kafka. */
  readonly kafkaKey: KeyObject;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer | undefined;
}

/** Makes the topic where it is missing. Throws `kafka_unavailable`, `topic_mismatch`, `topic_of_another_installation`. */
export async function openTransport(config: Config, options: TransportOptions): Promise<Transport> {
  const { KAFKA_BROKERS: brokers, TAEM_SERVICES: services } = config;
  // Commands are decided and stored without Kafka, whether or not it runs.
  const isNeeded = services.some((service) => service !== "commands");
  if (brokers === undefined || !isNeeded) {
    const log = storeLogSource(options.store);
    return { kafka: undefined, source: sharedSource({ ...options, source: log, beginsAtCheckpoints: true }) };
  }
  // Loaded where it is used.
  const { assertNotForeign, ensureTopic, kafkaCluster, kafkaSource, LinkCodec } = await import("@taem/kafka");
  const cluster = kafkaCluster(clusterOptions(config, brokers, options.logger));
  const topic = { name: config.TAEM_KAFKA_TOPIC, partitions: config.TAEM_KAFKA_PARTITIONS };
  const retention = {
    replicationFactor: config.TAEM_KAFKA_REPLICATION,
    retentionMs: config.TAEM_KAFKA_RETENTION,
  };
  await ensureTopic(cluster, { ...topic, ...retention }).catch(unavailable(brokers));
  // One that has been told our events is ours: what others have written into it since is left out, and no reason to stop.
  if (!(await isRelayed(options.database, topic.name)))
    await assertNotForeign(cluster, topic, options.installation).catch(unavailable(brokers));
  const codec = new LinkCodec({ ...options, key: options.kafkaKey, topic: topic.name });
  // Only processes with the same projections can share slices out among themselves: what one reads, all of its projections do.
  const group = `${topic.name}.${options.projections.join("+")}`;
  const source = kafkaSource({ cluster, topic, codec, group, ...options });
  return {
    kafka: { cluster, topic, codec },
    source: sharedSource({ ...options, source, beginsAtCheckpoints: false }),
  };
}

/** Whether a relay of this database has told the topic anything. */
async function isRelayed(database: Database, topic: string): Promise<boolean> {
  return (await (await relayTable(database, topic)).reach()).position !== START;
}

/** How far a topic has been told, by whichever relay of this database. */
export async function relayTable(database: Database, topic: string): Promise<RelayTable> {
  const { RelayTable, relayMigrations } = await import("@taem/kafka");
  await migrate(database, "relay", relayMigrations);
  return new RelayTable(database, topic);
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
