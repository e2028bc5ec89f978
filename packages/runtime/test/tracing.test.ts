import { randomUUID } from "node:crypto";
import { startOtlpCollector } from "@taem/runtime/testing";
import { expect, test } from "vitest";
import { createLogger, startTracer, type TracedEvent, traced } from "../src/index.ts";

const MINUTE = 60_000;

function recording() {
  const lines: string[] = [];
  const logger = createLogger({
    service: "test",
    level: "info",
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}

interface Settings {
  readonly ratio?: number;
  readonly flushLimitMs?: number;
}

function tracerTo(endpoint: string, { ratio = 1, flushLimitMs = MINUTE }: Settings = {}) {
  const { logger, lines } = recording();
  const headers = { "x-api-key": "hunter2" };
  const tracing = startTracer({ endpoint, headers, serviceName: "sample", ratio, flushLimitMs, logger });
  return tracing.then((tracer) => ({ tracer, lines }));
}

const event = (correlation: string): TracedEvent => ({ id: randomUUID(), correlation });
const digits = (uuid: string) => uuid.replaceAll("-", "");
const work = (name: string) => ({
  name,
  startedAt: performance.now(),
  attributes: { n: 1, some: ["a", "b"] },
});
const batch = (name: string) => ({ ...work(name), kind: "consumer" as const });

test("request, append and work on the event are spans of one trace, each below the one that led to it", async () => {
  await using collector = await startOtlpCollector();
  const { tracer } = await tracerTo(collector.url);
  const appended = event(randomUUID());
  const request = tracer.request(appended.correlation, undefined);
  tracer.append(appended, request.traceparent, work("append"));
  request.end(work("request"));
  tracer.batch([appended], batch("project"));
  await tracer[Symbol.asyncDispose]();

  const [append, root, project] = collector.spans;
  expect(collector.spans.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    "internal append",
    "server request",
    "consumer project",
  ]);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(
    new Set([digits(appended.correlation)]),
  );
  expect(root?.parentSpanId).toBe("");
  expect(append?.parentSpanId).toBe(root?.spanId);
  expect(project?.parentSpanId).toBe(append?.spanId);
  for (const span of collector.spans) {
    expect(span).toMatchObject({
      service: "sample",
      attributes: { n: 1, some: ["a", "b"] },
      hasFailed: false,
    });
    expect(span.endedAt).toBeGreaterThanOrEqual(span.startedAt);
  }
  expect(collector.headers[0]).toMatchObject({
    "content-type": "application/x-protobuf",
    "x-api-key": "hunter2",
  });
});

test("a caller's trace has the request; the append is in the correlation id's, with a link to it", async () => {
  await using collector = await startOtlpCollector();
  const { tracer } = await tracerTo(collector.url);
  const theirs = { traceId: digits(randomUUID()), spanId: "00f067aa0ba902b7" };
  const request = tracer.request("order-1", `00-${theirs.traceId}-${theirs.spanId}-01`);
  tracer.append(event("order-1"), request.traceparent, work("append"));
  request.end(work("request"));
  await tracer[Symbol.asyncDispose]();

  const [append, root] = collector.spans;
  expect(root).toMatchObject({ traceId: theirs.traceId, parentSpanId: theirs.spanId });
  expect(append?.traceId).not.toBe(theirs.traceId);
  expect(append?.links).toEqual([{ traceId: theirs.traceId, spanId: root?.spanId }]);
});

test("a caller that does not sample its trace has none of the request either", async () => {
  await using collector = await startOtlpCollector();
  const { tracer } = await tracerTo(collector.url);
  const request = tracer.request("order-1", `00-${digits(randomUUID())}-00f067aa0ba902b7-00`);
  tracer.append(event("order-1"), request.traceparent, work("append"));
  request.end(work("request"));
  await tracer[Symbol.asyncDispose]();
  expect(collector.bodies).toEqual([]);
});

test("work on events of many traces is one span, with a link to each up to a bound", async () => {
  await using collector = await startOtlpCollector();
  const { tracer } = await tracerTo(collector.url);
  const events = Array.from({ length: 500 }, () => event(randomUUID()));
  tracer.batch(
    events.slice(0, 3).flatMap((one) => [one, event(one.correlation)]),
    batch("few"),
  );
  tracer.batch(events, batch("many"));
  tracer.batch([], batch("none"));
  await tracer[Symbol.asyncDispose]();

  const [few, many, ...others] = collector.spans;
  expect(others).toEqual([]);
  expect(few?.links).toEqual(
    events.slice(0, 3).map(({ id, correlation }) => ({
      traceId: digits(correlation),
      spanId: digits(id).slice(-16),
    })),
  );
  expect(few?.parentSpanId).toBe("");
  expect(many?.links).toHaveLength(128);
});

test("every process tells of the same share of the traces", async () => {
  await using collector = await startOtlpCollector();
  const events = Array.from({ length: 400 }, () => event(randomUUID()));
  for (let process = 0; process < 2; process++) {
    const { tracer } = await tracerTo(collector.url, { ratio: 0.25 });
    for (const one of events) tracer.append(one, undefined, work("append"));
    await tracer[Symbol.asyncDispose]();
  }
  const traces = new Set(collector.spans.map(({ traceId }) => traceId));
  expect(collector.spans).toHaveLength(2 * traces.size);
  expect(traces.size).toBeGreaterThan(50);
  expect(traces.size).toBeLessThan(150);
});

test("what failed says so by its code, and by nothing that its message might quote", async () => {
  await using collector = await startOtlpCollector();
  const { tracer } = await tracerTo(collector.url);
  const failure = Object.assign(new Error("postgres://taem:hunter2@db refused"), { code: "57P01" });
  const failing = traced(
    tracer,
    () => ({ name: "project", kind: "internal", attributes: {}, events: [event("order-1")] }),
    () => Promise.reject(failure),
  );
  await expect(failing).rejects.toBe(failure);
  await tracer[Symbol.asyncDispose]();
  expect(collector.spans).toMatchObject([{ hasFailed: true, attributes: { "error.type": "57P01" } }]);
  expect(collector.bodies.join()).not.toContain("hunter2");
});

test("without a tracer work is done, and nothing is described", async () => {
  const describe = () => {
    throw new Error("nobody asked");
  };
  expect(await traced(undefined, describe, () => Promise.resolve(7))).toBe(7);
});

test("a collector that refuses is told of once, and again only when it has taken something since", async () => {
  await using collector = await startOtlpCollector({ status: 400 });
  const { tracer, lines } = await tracerTo(collector.url);
  for (let i = 0; i < 1_000; i++) tracer.append(event("order-1"), undefined, work("append"));
  await tracer[Symbol.asyncDispose]();
  expect(collector.bodies.length).toBeGreaterThan(1);
  expect(lines).toHaveLength(1);
  expect(lines.join()).toContain("spans could not be exported");
});

test("a collector that is away keeps nobody from stopping", async () => {
  const { tracer } = await tracerTo("http://127.0.0.1:9", { flushLimitMs: 50 });
  for (let i = 0; i < 1_000; i++) tracer.append(event("order-1"), undefined, work("append"));
  await tracer[Symbol.asyncDispose]();
});

test("a collector that never answers is waited for no longer than the limit", async () => {
  await using collector = await startOtlpCollector({ silent: true });
  const { tracer } = await tracerTo(collector.url, { flushLimitMs: 50 });
  tracer.append(event("order-1"), undefined, work("append"));
  await tracer[Symbol.asyncDispose]();
  expect(collector.spans).toEqual([]);
});

test("a collector that takes nothing holds up neither work nor memory: what it does not take is dropped", async () => {
  await using collector = await startOtlpCollector({ silent: true });
  const { tracer } = await tracerTo(collector.url, { flushLimitMs: 50 });
  for (let i = 0; i < 20_000; i++) tracer.append(event("order-1"), undefined, work("append"));
  await tracer[Symbol.asyncDispose]();
  const bytes = collector.bodies.reduce((sum, body) => sum + body.length, 0);
  // 2,048 spans wait at most, and 512 more are under way.
  expect(bytes).toBeLessThan(2_600 * 400);
});
