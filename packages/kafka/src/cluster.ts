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

const CONNECT_MS = 3_000;
/** Above the longest wait of a fetch: a broker that does not answer is given up, and asked again. */
const REQUEST_MS = 6_000;
/** However long brokers have been away: what waits for them goes on this soon once they are back. */
export const RETRY_AT_LEAST_EVERY_MS = 2_000;

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

/** Whether it is a failure that the client tells of, and no fault of the program. */
export function isOfKafka(error: unknown): boolean {
  // A module of before ES modules: of the classes only some can be imported.
  return error instanceof Error && error.name.startsWith("KafkaJS");
}

const FOR_GOOD =
  /AUTHORIZATION_FAILED$|^SASL_AUTHENTICATION_FAILED$|^UNSUPPORTED_SASL_MECHANISM$|^INVALID_TOPIC_EXCEPTION$/;
const MAX_CAUSES = 5;

/** Whether Kafka refuses what is set: brokers that are away come back, and credentials that are wrong stay so. */
export function isRefusedForGood(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
    const { name, type = "", errors = [], cause } = error as KafkaFailure;
    if (name === "KafkaJSSASLAuthenticationError" || FOR_GOOD.test(type)) return true;
    if (errors.some(isRefusedForGood)) return true;
    error = cause;
  }
  return false;
}

/** What errors of the client have, some of them. */
interface KafkaFailure extends Error {
  /** Kafka's own name of it. */
  readonly type?: string;
  readonly errors?: readonly Error[];
}

/**
 * A broker that is away comes back, a group that is being formed is formed, and whoever uses the client warns of a failure that
 * was not over in a moment: what the client itself calls an error is for whoever looks closer.
 */
function write(logger: Logger, { level, namespace, log }: LogEntry): void {
  const { message, error, groupId } = log;
  const fields = { kafka: namespace, reason: error as unknown, groupId: groupId as unknown };
  if (level <= logLevel.WARN) logger.info(fields, message, message);
  else logger.debug(fields, message);
}
