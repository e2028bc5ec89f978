import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type EventStore, START } from "@taem/event-store";
import type { KafkaCluster, KafkaOptions, KafkaTls, LinkCodec, RelayTable, Topic } from "@taem/kafka";
import type { Database } from "@taem/postgres";
import { type EventSource, sharedSource, storeLogSource } from "@taem/processing";
import { type Logger, type Metrics, OperatorError, type Tracer } from "@taem/runtime";
import type { Catalogue } from "@taem/schema";
import type { Config } from "./config.ts";
import { plaintextGuard } from "./plaintext.ts";
import { NotThereYet } from "./start-fault.ts";
import { tlsFailure } from "./tls-failure.ts";

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
  const { assertNotForeign, ensureTopic, isRefusedForGood, kafkaCluster, kafkaSource, LinkCodec } =
    await import("@taem/kafka");
  const failed = unavailable(brokers, isRefusedForGood);
  const cluster = kafkaCluster(await clusterOptions(config, brokers, options.logger));
  const topic = { name: config.TAEM_KAFKA_TOPIC, partitions: config.TAEM_KAFKA_PARTITIONS };
  const retention = {
    replicationFactor: config.TAEM_KAFKA_REPLICATION,
    retentionMs: config.TAEM_KAFKA_RETENTION,
  };
  await ensureTopic(cluster, { ...topic, ...retention }).catch(failed);
  // One that has been told our events is ours: what others have written into it since is left out, and no reason to stop.
  if (!(await isRelayed(options.database, topic.name)))
    await assertNotForeign(cluster, topic, options.installation).catch(failed);
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
  const { RelayTable } = await import("@taem/kafka");
  return new RelayTable(database, topic);
}

async function clusterOptions(
  config: Config,
  brokers: readonly string[],
  logger: Logger,
): Promise<KafkaOptions> {
  const { TAEM_KAFKA_USERNAME: username, TAEM_KAFKA_PASSWORD: password } = config;
  const isSecured = username !== undefined && password !== undefined;
  return {
    brokers,
    clientId: "taem",
    tls: config.TAEM_KAFKA_TLS ? await tlsOf(config) : undefined,
    guard: plaintextGuard(config, "KAFKA_BROKERS", config.TAEM_KAFKA_TLS),
    ...(isSecured && { credentials: { username, password } }),
    logger,
  };
}

async function tlsOf(config: Config): Promise<KafkaTls> {
  const [ca, cert, key] = await Promise.all(
    (["TAEM_KAFKA_CA", "TAEM_KAFKA_CERT", "TAEM_KAFKA_KEY"] as const).map((setting) =>
      pemOf(config, setting),
    ),
  );
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

async function pemOf(
  config: Config,
  setting: "TAEM_KAFKA_CA" | "TAEM_KAFKA_CERT" | "TAEM_KAFKA_KEY",
): Promise<string | undefined> {
  const file = config[setting];
  if (file === undefined) return undefined;
  return await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const message = `${setting} names ${file}, which cannot be read (${cause.code}): put it there, for this user to read`;
    throw new OperatorError("tls_file_unreadable", message, { cause });
  });
}

function unavailable(
  brokers: readonly string[],
  isForGood: (error: unknown) => boolean,
): (cause: Error) => never {
  return (cause) => {
    if (cause instanceof OperatorError) throw cause;
    const failed = tlsFailure(cause, "Kafka", "KAFKA_BROKERS", "TAEM_KAFKA_CA=<file>");
    if (failed !== undefined) throw failed;
    const code = "kafka_unavailable";
    const message = `Kafka at ${brokers.join(", ")} cannot be used: ${cause.message}`;
    if (isForGood(cause)) throw new OperatorError(code, message, { cause });
    throw new NotThereYet("Kafka", code, message, { cause });
  };
}
