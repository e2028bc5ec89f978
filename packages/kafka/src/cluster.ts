import { connect } from "node:net";
import type { Logger } from "@taem/runtime";
import { type ISocketFactory, Kafka, type LogEntry, logLevel } from "kafkajs";

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** Shown by the brokers beside each connection. */
  readonly clientId: string;
  /** Undefined: everything goes in clear. */
  readonly tls?: KafkaTls | undefined;
  /** Asked of every broker before it is connected to in clear, of those too that other brokers name: throws where it must not be. */
  readonly guard?: ((host: string) => void) | undefined;
  /** SASL SCRAM-SHA-512. */
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly logger: Logger;
}

/** In PEM. What is left out is Node's: its authorities, no certificate of our own. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A Kafka cluster that nothing has connected to yet. */
export type KafkaCluster = Kafka;

const CONNECT_MS = 5_000;
/** Above the longest wait of a fetch: a broker that does not answer is given up, and asked again. */
const REQUEST_MS = 15_000;

const KEEP_ALIVE_MS = 60_000;

export function kafkaCluster(options: KafkaOptions): KafkaCluster {
  const { brokers, clientId, tls, guard, credentials, logger } = options;
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(tls === undefined && guard !== undefined ? { socketFactory: guardedSockets(guard) } : {}),
    ...(credentials === undefined ? {} : { sasl: { mechanism: "scram-sha-512", ...credentials } }),
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => write(logger, entry),
  });
}

/** As kafkajs connects without TLS, once the guard has been asked. */
function guardedSockets(guard: (host: string) => void): ISocketFactory {
  return ({ host, port, onConnect }) => {
    guard(host);
    return connect({ host, port }, onConnect).setKeepAlive(true, KEEP_ALIVE_MS);
  };
}

/** A broker that is away comes back, and whoever uses the client says what a failure means: nothing here is an error. */
function write(logger: Logger, { level, namespace, log }: LogEntry): void {
  const { message, error, groupId } = log;
  const fields = { kafka: namespace, reason: error as unknown, groupId: groupId as unknown };
  if (level <= logLevel.WARN) logger.warn(fields, message);
  else logger.debug(fields, message);
}
