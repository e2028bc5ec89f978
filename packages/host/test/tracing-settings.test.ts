import { ConfigError } from "@taem/runtime";
import { expect, test } from "vitest";
import { printableConfig, readConfig } from "../src/config.ts";
import { openTracer } from "../src/tracing.ts";

test("nothing is traced unless a collector is set", async () => {
  const config = readConfig({});
  expect(config.OTEL_TRACES_SAMPLER_ARG).toBe(1);
  expect(await openTracer(config, "taem", undefined as never)).toBeUndefined();
});

test("the collector's headers are taken as OpenTelemetry writes them, and never printed", () => {
  const config = readConfig({
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example:4318/base",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20hunter2, x-scope=a=b",
    OTEL_TRACES_SAMPLER_ARG: "0.05",
  });
  expect(config.OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: "Bearer hunter2", "x-scope": "a=b" });
  expect(config.OTEL_TRACES_SAMPLER_ARG).toBe(0.05);
  expect(JSON.stringify(printableConfig(config))).not.toContain("hunter2");
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@collector:4318"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "hunter2"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "authorization=%hunter2"],
  ["OTEL_TRACES_SAMPLER_ARG", "1.5"],
  ["OTEL_TRACES_SAMPLER_ARG", "-1"],
  ["OTEL_TRACES_SAMPLER_ARG", "all"],
])("%s cannot be %s", (variable, value) => {
  const read = () => readConfig({ [variable]: value });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(variable);
});

test.each([
  ["OTEL_EXPORTER_OTLP_HEADERS", "hunter2", "headers for the collector"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@collector:4318", "the base URL of an OTLP collector"],
])("of %s nothing is quoted when it cannot be used", (variable, value, expected) => {
  expect(() => readConfig({ [variable]: value })).toThrow(
    `${variable}: given [redacted], expected ${expected}`,
  );
});
