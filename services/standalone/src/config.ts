import { durationSetting, type Environment, integerSetting, loadConfig, secret } from "@taem/runtime";
import { z } from "zod";

const SERVICES = ["commands", "ledger", "scheduler"] as const;

/** Everything that can be set, by environment variable. What is not set has a default that suits one small machine. */
const settings = z.object({
  DATABASE_URL: secret(z.url({ protocol: /^postgres(ql)?$/ }))
    .optional()
    .describe("a PostgreSQL URL; without it an embedded PostgreSQL is started"),
  TAEM_DATA_DIR: z.string().min(1).default(".taem").describe("where the embedded PostgreSQL keeps its data"),
  TAEM_HOST: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
  TAEM_PORT: integerSetting(0, 65_535).default(8080),
  TAEM_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  TAEM_HMAC_KEY: secret(z.string().regex(/^[0-9a-f]{64}$/))
    .optional()
    .describe("32 bytes in hexadecimal; without it one is made and kept in the database"),
  TAEM_SERVICES: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(SERVICES)).min(1))
    .default([...SERVICES])
    .describe(`which services this process runs, comma-separated: ${SERVICES.join(", ")}`),
  TAEM_STOP_LIMIT: durationSetting().default(15_000),
});

export type Config = z.output<typeof settings>;

export function readConfig(environment: Environment): Config {
  return loadConfig(settings, environment);
}
