import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import {
  type HrTime,
  type Link,
  type SpanContext as OtelContext,
  ROOT_CONTEXT,
  SpanKind,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  type ReadableSpan,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import { randomId } from "./id.ts";
import type { Logger } from "./logger.ts";
import { redactText } from "./redaction.ts";
import {
  appendSpanIdOf,
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  type SpanContext,
  traceIdOf,
} from "./trace-context.ts";
import type { BatchWork, RequestSpan, TracedEvent, Tracer, TracingOptions, Work } from "./tracer.ts";

/** OpenTelemetry's own bound. */
const MAX_LINKS = 128;
const EXPORT_MS = 5_000;
const SCOPE = { name: "taem" };
const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

/** Where a span belongs. Contexts of other spans are known by their ids alone, wherever they are. */
interface Place {
  readonly context: SpanContext;
  readonly parent?: SpanContext | undefined;
  readonly links?: readonly SpanContext[];
}

/**
 * Spans are made when their work has ended, with ids that this project gives them: of the SDK it takes the batches, the
 * sampling and the export, and neither its tracer nor its context.
 */
export class OtelTracer implements Tracer {
  readonly #processor: BatchSpanProcessor;
  readonly #agents: readonly HttpAgent[];
  readonly #sampler: TraceIdRatioBasedSampler;
  readonly #resource: Resource;
  readonly #flushLimitMs: number;

  constructor({ endpoint, headers, serviceName, ratio, flushLimitMs, logger }: TracingOptions) {
    const agents = {
      "http:": new HttpAgent({ keepAlive: true }),
      "https:": new HttpsAgent({ keepAlive: true }),
    };
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, "")}/v1/traces`,
      headers: { ...headers },
      timeoutMillis: EXPORT_MS,
      httpAgentOptions: async (protocol) => agents[protocol as keyof typeof agents],
    });
    this.#agents = Object.values(agents);
    this.#processor = new BatchSpanProcessor({ exporter: reporting(exporter, logger) });
    this.#sampler = new TraceIdRatioBasedSampler(ratio);
    this.#resource = resourceFromAttributes({
      "service.name": serviceName,
      "service.instance.id": randomId(),
    });
    this.#flushLimitMs = flushLimitMs;
  }

  request(correlationId: string, traceparent: string | undefined): RequestSpan {
    const parent = parseTraceparent(traceparent);
    const traceId = parent?.traceId ?? traceIdOf(correlationId);
    const isSampled = parent?.isSampled ?? this.#isSampled(traceId);
    const context = { traceId, spanId: newSpanId(), isSampled };
    return {
      traceparent: formatTraceparent(context),
      end: (work) => this.#record({ context, parent }, "server", work),
    };
  }

  append({ id, correlation }: TracedEvent, traceparent: string | undefined, work: Work): void {
    const request = parseTraceparent(traceparent);
    const traceId = traceIdOf(correlation);
    const isSampled = request?.isSampled ?? this.#isSampled(traceId);
    const context = { traceId, spanId: appendSpanIdOf(id), isSampled };
    // A caller may have a trace of its own and a correlation id beside it: then the request is in another trace.
    const isOfTrace = request?.traceId === traceId;
    const place = isOfTrace ? { context, parent: request } : { context, links: request ? [request] : [] };
    this.#record(place, "internal", work);
  }

  batch(events: Iterable<TracedEvent>, work: BatchWork): void {
    const appends = this.#appendsOf(events);
    const [first] = appends;
    if (first === undefined) return;
    const place =
      appends.length === 1
        ? { context: { ...first, spanId: newSpanId() }, parent: first }
        : {
            context: { traceId: newTraceId(), spanId: newSpanId(), isSampled: true },
            links: appends,
          };
    this.#record(place, work.kind, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, this.#flushLimitMs);
    // What could not be sent was reported where it failed.
    const flushed = this.#processor.shutdown().catch(() => undefined);
    await Promise.race([flushed, late.promise]);
    clearTimeout(timer);
    for (const agent of this.#agents) agent.destroy();
  }

  #isSampled(traceId: string): boolean {
    const { decision } = this.#sampler.shouldSample(ROOT_CONTEXT, traceId);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  }

  /** One for each sampled trace, up to a bound: the span of the first append that is met. */
  #appendsOf(events: Iterable<TracedEvent>): SpanContext[] {
    const appends = new Map<string, SpanContext>();
    for (const { id, correlation } of events) {
      const traceId = traceIdOf(correlation);
      if (appends.has(traceId) || !this.#isSampled(traceId)) continue;
      appends.set(traceId, { traceId, spanId: appendSpanIdOf(id), isSampled: true });
      if (appends.size === MAX_LINKS) break;
    }
    return [...appends.values()];
  }

  #record({ context, parent, links = [] }: Place, kind: keyof typeof KINDS, work: Work): void {
    if (!context.isSampled) return;
    const { name, startedAt, attributes, error } = work;
    const duration = performance.now() - startedAt;
    const endedAt = Date.now();
    const span: ReadableSpan = {
      name,
      kind: KINDS[kind],
      spanContext: () => otelContext(context),
      ...(parent === undefined ? {} : { parentSpanContext: otelContext(parent) }),
      startTime: hrTime(endedAt - duration),
      endTime: hrTime(endedAt),
      duration: hrTime(duration),
      ended: true,
      status: { code: error === undefined ? 0 : 2 },
      attributes: error === undefined ? attributes : { ...attributes, "error.type": error },
      links: links.map((link): Link => ({ context: otelContext(link) })),
      events: [],
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
    this.#processor.onEnd(span);
  }
}

function otelContext({ traceId, spanId, isSampled }: SpanContext): OtelContext {
  return { traceId, spanId, traceFlags: isSampled ? 1 : 0 };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.trunc(ms / 1_000);
  return [seconds, Math.floor((ms - seconds * 1_000) * 1_000_000)];
}

/** Says once that the collector takes nothing, and once that it does again: spans are lost meanwhile, and nothing else. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isAway = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = result.code !== 0;
        if (hasFailed && !isAway) {
          const reason = redactText(result.error?.message ?? "no reason was given");
          logger.warn(
            { reason },
            "spans could not be exported; they are lost until the collector takes them",
          );
        }
        if (!hasFailed && isAway) logger.info({}, "spans are exported again");
        isAway = hasFailed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}
