import { type Environment, integerSetting, loadConfig } from "@taem/runtime";
import { z } from "zod";

const settings = z.object({
  BENCH_SECONDS: integerSetting(1, 3_600).default(10),
  BENCH_SUSTAINED_SECONDS: integerSetting(1, 86_400).default(600),
  BENCH_RATE: integerSetting(1, 100_000).default(6_000),
  BENCH_KEYS: integerSetting(1_000, 100_000_000).default(1_000_000),
  BENCH_EVENTS: integerSetting(1_000, 100_000_000).default(3_000_000),
  BENCH_CATCH_UP: integerSetting(1_000, 100_000_000).default(500_000),
  BENCH_VISIBLE_RATE: integerSetting(1, 100_000).default(2_000),
  BENCH_VISIBLE_SECONDS: integerSetting(1, 86_400).default(60),
  BENCH_ROUNDS: integerSetting(1, 100).default(3),
  BENCH_ACCOUNTS: integerSetting(100, 1_000_000).default(10_000),
});

/** By environment variable; the README of this folder says what each is. */
export type Settings = z.output<typeof settings>;

/** Throws `ConfigError`. */
export function readSettings(environment: Environment): Settings {
  return loadConfig(settings, environment);
}
