import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  ConfigError,
  describeConfig,
  durationSetting,
  integerSetting,
  loadConfig,
  secret,
} from "../src/index.ts";

const schema = z.object({
  PORT: integerSetting(0, 65_535).default(8_080),
  DATABASE_URL: secret(z.url().describe("a PostgreSQL URL")).optional(),
  STOP_LIMIT: durationSetting().default(10_000),
  PROFILE: z.enum(["standalone", "distributed"]).default("standalone"),
});

function problemsOf(env: Record<string, string>) {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("the configuration was accepted");
}

describe("configuration", () => {
  it("comes typed from the environment, with defaults", () => {
    const config = loadConfig(schema, { PORT: "0", STOP_LIMIT: "2m", OTHER: "ignored" });
    expect(config).toEqual({ PORT: 0, STOP_LIMIT: 120_000, PROFILE: "standalone" });
  });

  it("takes an empty variable as unset", () => {
    expect(loadConfig(schema, { PORT: "" }).PORT).toBe(8_080);
  });

  it("names the variable, what was given and what is expected, for every wrong one at once", () => {
    const error = problemsOf({ PORT: "65536", STOP_LIMIT: "soon", PROFILE: "both" });
    expect(error.problems).toEqual([
      { variable: "PORT", given: '"65536"', expected: "a whole number from 0 to 65535" },
      {
        variable: "STOP_LIMIT",
        given: '"soon"',
        expected: "a length of time such as 250ms, 10s, 5m, 1h or 7d",
      },
      { variable: "PROFILE", given: '"both"', expected: expect.stringContaining("standalone") },
    ]);
    expect(error.message).toContain('PORT: given "65536", expected a whole number from 0 to 65535');
  });

  it("says that a required variable was not given", () => {
    const required = z.object({ DATABASE_URL: z.string().describe("a PostgreSQL URL") });
    expect(() => loadConfig(required, {})).toThrow("DATABASE_URL: given nothing, expected a PostgreSQL URL");
  });

  it("never shows a secret, neither when wrong nor when described", () => {
    const wrong = problemsOf({ DATABASE_URL: "hunter2" });
    expect(wrong.message).toContain("DATABASE_URL: given [redacted], expected a PostgreSQL URL");
    expect(wrong.message).not.toContain("hunter2");

    const config = loadConfig(schema, { DATABASE_URL: "postgres://u:hunter2@host/db" });
    expect(describeConfig(schema, config)).toEqual({
      PORT: "8080",
      DATABASE_URL: "[redacted]",
      STOP_LIMIT: "10000",
      PROFILE: '"standalone"',
    });
    expect(describeConfig(schema, loadConfig(schema, {}))).toMatchObject({ DATABASE_URL: "nothing" });
  });
});
