import { resolve } from "node:path";
import { isNetwork } from "@taem/http";
import { SLICES } from "@taem/kernel";
import {
  describeConfig,
  durationSetting,
  type Environment,
  integerSetting,
  isLoopback,
  loadConfig,
  secret,
} from "@taem/runtime";
import { z } from "zod";
import { limitSettings } from "./limit-settings.ts";
import { tracingSettings } from "./tracing.ts";

const SERVICES = ["commands", "relay", "ledger", "scheduler"] as const;

/** What a process does: takes commands, tells Kafka, projects and answers, or does what is due. */
export type ServiceName = (typeof SERVICES)[number];

/** Kafka's rule for the names of topics. */
const TOPIC = /^[a-zA-Z0-9._-]{1,200}$/;
const BROKERS = /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/;

/** Everything that can be set, by environment variable. What is not set has a default that suits one small machine. */
const DEFAULT_DATA_DIR = ".taem";

const settings = z
  .object({
    DATABASE_URL: secret(z.url({ protocol: /^postgres(ql)?$/ }))
      .optional()
      .describe("a PostgreSQL URL; without it an embedded PostgreSQL is started"),
    TAEM_MIGRATION_URL: secret(z.url({ protocol: /^postgres(ql)?$/ }))
      .optional()
      .describe(
        "the same database as another role, which makes the tables; without it that of DATABASE_URL does",
      ),
    EVENTSTORE_URL: secret(z.string().regex(/^esdb(\+discover)?:\/\/\S+$/))
      .optional()
      .describe("an EventStoreDB connection string, esdb://...; without it the log is kept in PostgreSQL"),
    KAFKA_BROKERS: z
      .string()
      .regex(BROKERS)
      .transform((text) => text.split(","))
      .optional()
      .describe("Kafka brokers, host:port,host:port; without them projections read the log itself"),
    TAEM_KAFKA_TOPIC: z.string().regex(TOPIC).default("taem.events").describe("the name of a Kafka topic"),
    TAEM_KAFKA_PARTITIONS: integerSetting(1, SLICES).default(12),
    TAEM_KAFKA_REPLICATION: integerSetting(1, 16).default(1),
    TAEM_KAFKA_RETENTION: durationSetting().default(7 * 86_400_000),
    TAEM_KAFKA_TLS: z
      .stringbool({ truthy: ["true"], falsy: ["false"] })
      .default(false)
      .describe("true or false"),
    TAEM_KAFKA_CA: z
      .string()
      .min(1)
      .optional()
      .describe("a file of certificates, PEM, of who vouches for the brokers"),
    TAEM_KAFKA_CERT: z.string().min(1).optional().describe("a file with our own certificate, PEM"),
    TAEM_KAFKA_KEY: z.string().min(1).optional().describe("a file with the certificate's key, PEM"),
    TAEM_KAFKA_USERNAME: z.string().min(1).optional().describe("a user of SASL SCRAM-SHA-512"),
    TAEM_KAFKA_PASSWORD: secret(z.string().min(1)).optional().describe("that user's password"),
    TAEM_PLAINTEXT: z
      .literal("allow")
      .optional()
      .describe("allow, where the networks between the servers are private to them"),
    TAEM_DATA_DIR: z
      .string()
      .min(1)
      .default(DEFAULT_DATA_DIR)
      .describe("where the embedded PostgreSQL keeps its data"),
    TAEM_HOST: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
    TAEM_TRUSTED_PROXIES: z
      .string()
      .transform((text) => text.split(",").map((network) => network.trim()))
      .pipe(z.array(z.string().refine(isNetwork)).min(1))
      .default([])
      .describe("networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8"),
    TAEM_PORT: integerSetting(0, 65_535).default(8080),
    TAEM_METRICS_HOST: z.string().min(1).default("127.0.0.1").describe("address to serve metrics at"),
    TAEM_METRICS_PORT: integerSetting(0, 65_535).optional(),
    TAEM_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
    TAEM_HMAC_KEY: secret(z.string().regex(/^[0-9a-f]{64}$/))
      .optional()
      .describe("32 bytes in hexadecimal; without it one is made and kept in the database"),
    TAEM_SERVICES: z
      .string()
      .transform((text) => text.split(",").map((name) => name.trim()))
      .pipe(z.array(z.enum(SERVICES)).min(1))
      .optional()
      .describe(`which services this process runs, comma-separated: ${SERVICES.join(", ")}`),
    TAEM_PROJECTION_THREAD: z
      .stringbool({ truthy: ["true"], falsy: ["false"] })
      .default(true)
      .describe("true or false: whether a process that takes commands projects in a thread of its own"),
    TAEM_START_LIMIT: durationSetting().default(60_000),
    TAEM_STOP_LIMIT: durationSetting().default(15_000),
    ...limitSettings,
    ...tracingSettings,
  })
  .refine(({ EVENTSTORE_URL, DATABASE_URL }) => EVENTSTORE_URL === undefined || DATABASE_URL !== undefined, {
    path: ["DATABASE_URL"],
    message: "a PostgreSQL URL, where the log is in EventStoreDB",
  })
  .refine(
    ({ TAEM_MIGRATION_URL, DATABASE_URL }) => TAEM_MIGRATION_URL === undefined || DATABASE_URL !== undefined,
    {
      path: ["DATABASE_URL"],
      message: "that of the same database, where TAEM_MIGRATION_URL is set",
    },
  )
  .refine(({ KAFKA_BROKERS, DATABASE_URL }) => KAFKA_BROKERS === undefined || DATABASE_URL !== undefined, {
    path: ["DATABASE_URL"],
    message: "a PostgreSQL URL, where events come by Kafka",
  })
  .refine(
    ({ KAFKA_BROKERS, TAEM_SERVICES = [] }) =>
      KAFKA_BROKERS !== undefined || !TAEM_SERVICES.includes("relay"),
    {
      path: ["KAFKA_BROKERS"],
      message: "brokers, host:port,host:port, for the relay that TAEM_SERVICES names",
    },
  )
  .refine(
    ({ TAEM_KAFKA_USERNAME: user, TAEM_KAFKA_PASSWORD: password }) =>
      (user === undefined) === (password === undefined),
    {
      path: ["TAEM_KAFKA_PASSWORD"],
      message: "a password where there is TAEM_KAFKA_USERNAME, and only there",
    },
  )
  .refine(
    ({ KAFKA_BROKERS: brokers = [], TAEM_KAFKA_TLS: tls, TAEM_KAFKA_USERNAME: user }) =>
      tls || user === undefined || brokers.every((broker) => isLoopback(hostOf(broker))),
    {
      path: ["TAEM_KAFKA_TLS"],
      message: "true, where there is TAEM_KAFKA_USERNAME: a password is not proved in clear",
    },
  )
  .refine(
    ({ TAEM_KAFKA_TLS: tls, TAEM_KAFKA_CA: ca, TAEM_KAFKA_CERT: cert, TAEM_KAFKA_KEY: key }) =>
      tls || [ca, cert, key].every((file) => file === undefined),
    { path: ["TAEM_KAFKA_TLS"], message: "true, where there is TAEM_KAFKA_CA, _CERT or _KEY" },
  )
  .refine(({ TAEM_KAFKA_CERT: cert, TAEM_KAFKA_KEY: key }) => (cert === undefined) === (key === undefined), {
    path: ["TAEM_KAFKA_KEY"],
    message: "a file where there is TAEM_KAFKA_CERT, and only there",
  });

/** Of `host:port`. */
export function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(":"));
}

type Settings = z.output<typeof settings>;

export interface Config extends Settings {
  readonly TAEM_SERVICES: ServiceName[];
  readonly TAEM_METRICS_PORT: number;
}

/** From the API's port, so that several processes on one machine need be told one port each. */
const METRICS_BESIDE = 1_000;
const LAST_PORT = 65_535;

function metricsPortBeside(port: number): number {
  if (port === 0) return 0;
  return port + METRICS_BESIDE <= LAST_PORT ? port + METRICS_BESIDE : port - METRICS_BESIDE;
}

export function readConfig(environment: Environment): Config {
  const config = loadConfig(settings, environment);
  // Without Kafka there is nobody to relay to.
  const byDefault = SERVICES.filter((service) => service !== "relay" || config.KAFKA_BROKERS !== undefined);
  return {
    ...config,
    TAEM_SERVICES: config.TAEM_SERVICES ?? byDefault,
    TAEM_METRICS_PORT: config.TAEM_METRICS_PORT ?? metricsPortBeside(config.TAEM_PORT),
  };
}

/** What this process is called in logs and traces: the one service it runs, or the system. */
export function serviceNameOf({ TAEM_SERVICES: [first, ...others] }: Config): string {
  return first === undefined || others.length > 0 ? "taem" : `taem-${first}`;
}

/** The configuration as it may be logged: of secrets only that they are set. */
export function printableConfig(config: Config): Record<string, string> {
  return describeConfig(settings, config);
}

/** Where the installation's data are, for people: a folder, or what they have to give with the next command, too. */
export function dataPlaceOf({ DATABASE_URL, TAEM_DATA_DIR }: Config): string {
  return DATABASE_URL === undefined ? resolve(TAEM_DATA_DIR) : "the PostgreSQL of DATABASE_URL";
}

/** What another command line begins with, to be about the same data. */
export function sameDataAs({ DATABASE_URL, EVENTSTORE_URL, TAEM_DATA_DIR }: Config): string {
  if (EVENTSTORE_URL !== undefined) return "DATABASE_URL=… EVENTSTORE_URL=… ";
  if (DATABASE_URL !== undefined) return "DATABASE_URL=… ";
  return TAEM_DATA_DIR === DEFAULT_DATA_DIR ? "" : `TAEM_DATA_DIR=${TAEM_DATA_DIR} `;
}
