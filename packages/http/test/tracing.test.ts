import type { Tracer, Work } from "@taem/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { route } from "../src/index.ts";
import { startSample } from "./support/sample-server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const THEIRS = `00-${TRACE}-00f067aa0ba902b7-01`;
const OURS = `00-${TRACE}-b7ad6b7169203331-01`;

/** Keeps what it is told of requests. */
function noting() {
  const requests: { correlationId: string; traceparent: string | undefined }[] = [];
  const spans: Work[] = [];
  const tracer: Tracer = {
    request(correlationId, traceparent) {
      requests.push({ correlationId, traceparent });
      return { traceparent: OURS, end: (work) => spans.push(work) };
    },
    append: () => undefined,
    batch: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
  return { tracer, requests, spans };
}

const routeThat = (handler: (traceparent: string | undefined) => string) =>
  route({
    method: "GET",
    path: "/things/{id}",
    permission: "read",
    tag: "test",
    summary: "A thing",
    params: { id: z.string() },
    responses: { 200: { description: "It.", schema: z.object({ saw: z.string() }) } },
    handler: (_, { traceparent }) => ({ status: 200, body: { saw: handler(traceparent) } }),
  });

test("a request is a span, told by route and not by path, and its handler knows it", async () => {
  const { tracer, requests, spans } = noting();
  await using sample = await startSample([routeThat(String)], {}, { tracer });
  const authorization = `Bearer ${sample.token()}`;
  const headers = { authorization, "x-correlation-id": "c-1", traceparent: THEIRS };
  const response = await fetch(`${sample.url}/things/0812345678`, { headers });
  expect(await response.json()).toEqual({ saw: OURS });
  await sample.logged("request");
  expect(requests).toEqual([{ correlationId: "c-1", traceparent: THEIRS }]);
  expect(spans).toEqual([
    {
      name: "GET /things/{id}",
      startedAt: expect.any(Number),
      attributes: {
        "http.request.method": "GET",
        "http.route": "/things/{id}",
        "http.response.status_code": 200,
        "taem.correlation_id": "c-1",
      },
      error: undefined,
    },
  ]);
});

test("a span has failed where the service has, and not where the caller asked for what cannot be", async () => {
  const { tracer, spans } = noting();
  const broken = routeThat(() => {
    throw new Error("a bug");
  });
  await using sample = await startSample([broken], {}, { tracer });
  await fetch(`${sample.url}/things/1`, { headers: { authorization: `Bearer ${sample.token()}` } });
  await fetch(`${sample.url}/things/1`);
  await sample.logged("request", 2);
  expect(spans).toMatchObject([
    { error: "internal", attributes: { "taem.problem": "internal" } },
    { error: undefined, attributes: { "http.response.status_code": 401 } },
  ]);
});

test("probes and scrapes are no spans", async () => {
  const { tracer, requests } = noting();
  await using sample = await startSample([], {}, { tracer });
  for (const path of ["/health/live", "/health/ready", "/metrics"]) await fetch(`${sample.url}${path}`);
  expect(requests).toEqual([]);
});

test("a caller that gives a trace and no correlation id finds the request by the trace's, traced or not", async () => {
  await using sample = await startSample([]);
  const idOf = async (headers: Record<string, string>) =>
    (await fetch(`${sample.url}/x`, { headers })).headers.get("x-correlation-id");
  expect(await idOf({ traceparent: THEIRS })).toBe(TRACE);
  expect(await idOf({ traceparent: THEIRS, "x-correlation-id": "c-1" })).toBe("c-1");
  expect(await idOf({ traceparent: "nonsense" })).toMatch(/^[0-9a-f-]{36}$/);
});
