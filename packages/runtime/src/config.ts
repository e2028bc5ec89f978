import { z } from "zod";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One environment variable that cannot be used as it is. `given` is safe to print. */
export interface ConfigProblem {
  readonly variable: string;
  readonly given: string;
  readonly expected: string;
}

/** The environment does not fit the schema; the message names every wrong variable at once. */
export class ConfigError extends Error {
  readonly code = "config_invalid";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map((p) => `  ${p.variable}: given ${p.given}, expected ${p.expected}`);
    super(`set these environment variables right and start again:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const REDACTED = "[redacted]";
const UNSET = "nothing";

/**
 * Marks a setting whose value is never printed. Apply it to the innermost schema:
 * `secret(z.string()).optional()`.
 */
export function secret<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...schema.meta(), secret: true });
}

/** A whole number written in decimal. */
export function integerSetting(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .describe(`a whole number from ${min} to ${max}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time such as `250ms`, `10s`, `5m`, `1h` or `7d`, in milliseconds. */
export function durationSetting(): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/)
    .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/^\d+/, "")] ?? 1))
    .describe("a length of time such as 250ms, 10s, 5m, 1h or 7d");
}

/**
 * Configuration from environment variables: each key of the schema is a variable's name, and its description
 * says what is expected. An empty variable counts as unset. Throws `ConfigError`.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment): z.output<S> {
  const given: Record<string, string | undefined> = {};
  for (const variable of Object.keys(schema.shape)) given[variable] = env[variable] || undefined;
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const wrong = new Map<string, ConfigProblem>();
  for (const issue of parsed.error.issues) {
    const variable = String(issue.path[0] ?? "environment");
    const setting = schema.shape[variable];
    wrong.set(variable, {
      variable,
      given: printable(setting, given[variable]),
      // What a combination of settings breaks is told in words of its own.
      expected: (issue.code === "custom" ? undefined : expectation(setting)) ?? issue.message,
    });
  }
  throw new ConfigError([...wrong.values()]);
}

/** The configuration as it may be logged or printed: secrets only say that they are set. */
export function describeConfig<S extends z.ZodObject>(
  schema: S,
  config: z.output<S>,
): Record<string, string> {
  const values = config as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(schema.shape).map(([variable, setting]) => [
      variable,
      printable(setting, values[variable]),
    ]),
  );
}

function printable(setting: unknown, value: unknown): string {
  if (value === undefined) return UNSET;
  if (metaOf(setting)["secret"] === true) return REDACTED;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function expectation(setting: unknown): string | undefined {
  const description = metaOf(setting)["description"];
  return typeof description === "string" ? description : undefined;
}

/** What was said of a setting, on itself or on what its `optional` and `default` wrap. */
function metaOf(setting: unknown): Record<string, unknown> {
  const meta: Record<string, unknown> = {};
  let schema = setting;
  while (schema instanceof z.ZodType) {
    Object.assign(meta, { ...schema.meta(), ...meta });
    schema = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : undefined;
  }
  return meta;
}
