import type { Logger } from "@taem/runtime";
import { Kafka, type LogEntry, logLevel } from "kafkajs";

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** Shown by the brokers beside each connection. */
  readonly clientId: string;
  readonly tls?: boolean;
  /** SASL SCRAM-SHA-512. */
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly logger: Logger;
}

/** A Kafka cluster that nothing has connected to yet. */
export type KafkaCluster = Kafka;

const CONNECT_MS = 3_000;
/** Above the longest wait of a fetch: a broker that does not answer is given up, and asked again. */
const REQUEST_MS = 6_000;
/** However long brokers have been away: what waits for them goes on this soon once they are back. */
export const RETRY_AT_LEAST_EVERY_MS = 2_000;

export function kafkaCluster({ brokers, clientId, tls, credentials, logger }: KafkaOptions): KafkaCluster {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(credentials === undefined ? {} : { sasl: { mechanism: "scram-sha-512", ...credentials } }),
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => write(logger, entry),
  });
}

/** A broker that is away comes back, and whoever uses the client says what a failure means: nothing here is an error. */
function write(logger: Logger, { level, namespace, log }: LogEntry): void {
  const { message, error, groupId } = log;
  const fields = { kafka: namespace, reason: error as unknown, groupId: groupId as unknown };
  if (level <= logLevel.WARN) logger.warn(fields, message);
  else logger.debug(fields, message);
}
