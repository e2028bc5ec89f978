import { type Logger, secret, startTracer, type Tracer } from "@taem/runtime";
import { z } from "zod";

const COLLECTOR =
  "the base URL of an OTLP collector (HTTP), without a password; without it nothing is traced";

/** OpenTelemetry's own names, as its specification has them. */
export const tracingSettings = {
  // Secret, lest one with a password is printed when it is refused.
  OTEL_EXPORTER_OTLP_ENDPOINT: secret(
    z
      .url({ protocol: /^https?$/ })
      .refine((url) => URL.canParse(url) && new URL(url).password === "", COLLECTOR),
  )
    .optional()
    .describe(COLLECTOR),
  OTEL_EXPORTER_OTLP_HEADERS: secret(z.string().transform(parseHeaders))
    .optional()
    .describe("headers for the collector, name=value,name=value, values percent-encoded"),
  OTEL_SERVICE_NAME: z.string().min(1).max(100).optional().describe("what this process is called in traces"),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0?\.\d{1,9}|[01](\.0{1,9})?)$/)
    .transform(Number)
    .default(1)
    .describe("the share of traces to be told of, from 0 to 1"),
};

export interface TracingConfig {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: Readonly<Record<string, string>> | undefined;
  readonly OTEL_SERVICE_NAME?: string | undefined;
  readonly OTEL_TRACES_SAMPLER_ARG: number;
  readonly TAEM_STOP_LIMIT: number;
}

/** Undefined unless a collector is set. `serviceName` is what the process is called where no setting says otherwise. */
export async function openTracer(
  config: TracingConfig,
  serviceName: string,
  logger: Logger,
): Promise<Tracer | undefined> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return await startTracer({
    endpoint,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    serviceName: config.OTEL_SERVICE_NAME ?? serviceName,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    // The services stop before it, and within the same limit.
    flushLimitMs: config.TAEM_STOP_LIMIT / 3,
    logger,
  });
}

function parseHeaders(text: string, context: z.RefinementCtx): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const header of text.split(",")) {
    const [, name, value] = /^\s*([\w.-]+)=(.*?)\s*$/.exec(header) ?? [];
    if (name === undefined || value === undefined || !isEncoded(value)) {
      context.addIssue({ code: "invalid_format", format: "headers" });
      return z.NEVER;
    }
    headers[name] = decodeURIComponent(value);
  }
  return headers;
}

function isEncoded(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
