import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { describe, expect, it, test, vi } from "vitest";
import { z } from "zod";
import { ApiError, fields, type Limits, publicRoute, type Route, route } from "../src/index.ts";
import { answerOf, rawConnection } from "./support/raw-connection.ts";
import { earnRoute } from "./support/sample-routes.ts";
import { startSample } from "./support/sample-server.ts";
import { SampleError } from "./support/sample-tables.ts";

const EARN = "/v1/programmes/the-1/members/ext:C-1/earn";
const BODY = '{"points":"10","currency":"POINT"}';

/** A route that answers when `open` is called; `entered` resolves when a request is in its handler. */
function gatedRoute() {
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const slow = publicRoute({
    method: "GET",
    path: "/slow",
    public: true,
    tag: "test",
    summary: "Waits",
    responses: { 200: { description: "Done.", schema: z.object({ done: z.boolean() }) } },
    handler: async () => {
      entered.resolve();
      await gate.promise;
      return { status: 200, body: { done: true } };
    },
  });
  return { slow, open: () => gate.resolve(), entered: entered.promise };
}

function throwing(path: string, thrown: unknown): Route {
  return publicRoute({
    method: "GET",
    path,
    public: true,
    tag: "test",
    summary: "Throws",
    responses: { 200: { description: "Never." } },
    handler: () => {
      throw thrown;
    },
  });
}

describe("what goes wrong inside", () => {
  const secret = "duplicate key of postgres://taem:hunter2@db/taem";
  const routes = [
    throwing("/bug", new Error(secret)),
    throwing("/odd", "a string"),
    throwing("/declared-nowhere", new SampleError("hold_closed")),
    throwing("/busy", new ApiError("overloaded", { retryAfter: 7 })),
    throwing(
      "/short",
      new SampleError("insufficient_points", {
        detail: "40 of 50.",
        extensions: { available: "40", code: "x" },
      }),
    ),
  ];

  it("is a 500 that tells nothing but the correlation id, under which the log has everything but secrets", async () => {
    await using sample = await startSample(routes);
    const response = await fetch(`${sample.url}/bug`, { headers: { "x-correlation-id": "c-77" } });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: "internal", correlationId: "c-77" });
    expect(text).not.toMatch(/duplicate|postgres|hunter2|at /);
    const [line] = await sample.logged("unexpected error");
    expect(line).toMatchObject({ correlationId: "c-77", route: "/bug" });
    expect(JSON.stringify(line)).toContain("duplicate key of postgres://taem:[redacted]@db/taem");
  });

  it("is a 500 even if what was thrown is no error", async () => {
    await using sample = await startSample(routes);
    expect((await fetch(`${sample.url}/odd`)).status).toBe(500);
  });

  it("is logged if the route answers with a problem that its document does not promise", async () => {
    await using sample = await startSample(routes);
    expect((await fetch(`${sample.url}/declared-nowhere`)).status).toBe(409);
    const [line] = await sample.logged("the route answered with a problem that it does not declare");
    expect(line).toMatchObject({ problem: "hold_closed", route: "/declared-nowhere" });
  });

  it("says when to come back if the problem is one of load", async () => {
    await using sample = await startSample(routes);
    const response = await fetch(`${sample.url}/busy`);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.json()).toMatchObject({ code: "overloaded", retryable: true });
  });

  it("can have further members, which do not replace the standard ones", async () => {
    await using sample = await startSample(routes);
    const problem = await (await fetch(`${sample.url}/short`)).json();
    expect(problem).toMatchObject({ code: "insufficient_points", detail: "40 of 50.", available: "40" });
  });
});

describe("an answer", () => {
  const everything = route({
    method: "GET",
    path: "/things/{id}",
    permission: "read",
    tag: "test",
    summary: "Says what it was given",
    params: { id: fields.uuid },
    responses: {
      200: { description: "A body.", schema: z.object({ at: fields.instant, deadline: z.number() }) },
      204: { description: "None." },
    },
    handler: ({ params }, { deadline }) =>
      params.id.startsWith("0")
        ? { status: 204, headers: { "x-kind": "none" } }
        : { status: 200, body: { at: fields.formatInstant(0), deadline } },
  });

  it("has the declared body, its length, no caching and the correlation id", async () => {
    await using sample = await startSample([everything], { requestMs: 5_000 });
    const before = Date.now();
    const response = await fetch(`${sample.url}/things/11111111-1111-4111-8111-111111111111`, {
      headers: { authorization: `Bearer ${sample.token()}` },
    });
    const body = (await response.json()) as { at: string; deadline: number };
    expect(body.at).toBe("1970-01-01T00:00:00.000Z");
    expect(body.deadline).toBeGreaterThanOrEqual(before + 5_000);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("x-powered-by")).toBeNull();
  });

  it("without a body has none, and can have headers of its own", async () => {
    await using sample = await startSample([everything]);
    const response = await fetch(`${sample.url}/things/01111111-1111-4111-8111-111111111111`, {
      headers: { authorization: `Bearer ${sample.token()}` },
    });
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 204, text: "" });
    expect(response.headers.get("content-type")).toBeNull();
    expect(response.headers.get("x-kind")).toBe("none");
  });

  it("to HEAD is that to GET without its body", async () => {
    await using sample = await startSample([]);
    const response = await fetch(`${sample.url}/openapi.json`, { method: "HEAD" });
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(1_000);
    expect(await response.text()).toBe("");
  });

  it("replaces a correlation id that could harm a log", async () => {
    await using sample = await startSample([]);
    const response = await fetch(`${sample.url}/x`, { headers: { "x-correlation-id": 'a"b' } });
    expect(response.headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("health and metrics", () => {
  it("are ok while every check passes and unavailable when one fails, without the reason", async () => {
    await using sample = await startSample([]);
    expect(await (await fetch(`${sample.url}/health/live`)).json()).toEqual({ status: "ok", checks: {} });
    sample.health.addReadiness("database", () => {
      throw new Error("no route to 10.0.0.7");
    });
    const ready = await fetch(`${sample.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: "failed", checks: { database: "failed" } });
    expect(JSON.stringify(await sample.logged("health check failed"))).toContain("10.0.0.7");
  });

  it("count requests by the route as declared, and problems by their code", async () => {
    await using sample = await startSample([earnRoute()]);
    const response = await fetch(sample.url + EARN, { method: "POST" });
    await response.text();
    await sample.logged("request");
    const text = await (await fetch(`${await sample.monitor()}/metrics`)).text();
    const path = "/v1/programmes/{programme}/members/{member}/earn";
    expect(text).toContain(`taem_http_request_seconds_count{method="POST",route="${path}",status="401"} 1`);
    expect(text).toContain(`taem_http_problems_total{route="${path}",code="unauthenticated"} 1`);
    expect(text).toContain(`taem_http_problems_total{route="${path}",code="internal"} 0`);
  });
});

describe("limits", () => {
  it("on requests at once: the next is told to come back, before any work", async () => {
    const { slow, open, entered } = gatedRoute();
    await using sample = await startSample([slow], { maxRequests: 1 });
    const first = fetch(`${sample.url}/slow`);
    await entered;
    const second = await fetch(`${sample.url}/slow`);
    expect({ status: second.status, after: second.headers.get("retry-after") }).toEqual({
      status: 429,
      after: "1",
    });
    expect(await second.json()).toMatchObject({ code: "overloaded" });
    open();
    expect(await (await first).json()).toEqual({ done: true });
    expect((await fetch(`${sample.url}/slow`)).status).toBe(200);
  });

  const spoken: readonly (readonly [string, string, string, Partial<Limits>])[] = [
    [
      "on header size",
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`,
      "431 headers_too_large",
      {},
    ],
    ["on what HTTP is", "EARN ten points\r\n\r\n", "400 malformed_request", {}],
    [
      "on how long headers may take",
      "GET / HTTP/1.1\r\nHo",
      "408 request_timeout",
      { headersMs: 20, uploadMs: 20 },
    ],
  ];

  it.each(spoken)(
    "%s: answered with a problem document, then closed",
    async (_name, words, expected, limits) => {
      await using sample = await startSample([], limits);
      const socket = await rawConnection(sample.url);
      socket.write(words);
      const answer = await answerOf(socket);
      const [head, body] = answer.split("\r\n\r\n") as [string, string];
      expect(head).toContain("application/problem+json");
      expect(`${head.split(" ")[1]} ${(JSON.parse(body) as { code: string }).code}`).toBe(expected);
      socket.destroy();
    },
  );

  it("on how long a body may trickle in", async () => {
    await using sample = await startSample([earnRoute()], { requestMs: 0 });
    const token = sample.token();
    const request = httpRequest(sample.url + EARN, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": 1_000,
      },
    });
    request.on("error", () => undefined); // the server may close while we still send
    const answered = once(request, "response");
    const trickle = setInterval(() => request.write(" "), 5);
    const [response] = (await answered) as [import("node:http").IncomingMessage];
    clearInterval(trickle);
    expect(response.statusCode).toBe(408);
    request.destroy();
  });
});

describe("a request that breaks off", () => {
  const head = (token: string, length: number) =>
    `POST ${EARN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

  it("within its body never reaches the handler and is told so, where someone still listens", async () => {
    const seen: unknown[] = [];
    await using sample = await startSample([earnRoute((content) => seen.push(content))]);
    const socket = await rawConnection(sample.url);
    socket.end(`${head(sample.token(), BODY.length + 1)}${BODY}`);
    const answer = await answerOf(socket);
    expect(answer).toContain("HTTP/1.1 400");
    expect(answer).toContain('"code":"incomplete_body"');
    const [line] = await sample.logged("request");
    expect(line).toMatchObject({ problem: "incomplete_body" });
    expect(seen).toEqual([]);
    socket.destroy();
  });

  it("by a reset connection leaves the server as it was", async () => {
    await using sample = await startSample([earnRoute()]);
    const token = sample.token();
    const socket = await rawConnection(sample.url);
    socket.write(`${head(token, 1_000)}{"poi`);
    await vi.waitFor(() => expect(sample.keys.lookUps).toBe(1));
    socket.resetAndDestroy();
    await sample.logged("request");
    const answer = await fetch(sample.url + EARN, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: BODY,
    });
    expect(answer.status).toBe(201);
  });
});

describe("closing", () => {
  it("lets what runs finish, closes its connection, and takes nothing new", async () => {
    const { slow, open, entered } = gatedRoute();
    const sample = await startSample([slow]);
    const running = fetch(`${sample.url}/slow`);
    await entered;
    const closed = sample.server.close();
    open();
    const response = await running;
    expect(await response.json()).toEqual({ done: true });
    await closed;
    await expect(fetch(`${sample.url}/health/live`)).rejects.toThrow();
  });

  it("cuts off what does not finish in time", async () => {
    const { slow, open, entered } = gatedRoute();
    const sample = await startSample([slow], { closeMs: 10 });
    const running = fetch(`${sample.url}/slow`);
    const failed = expect(running).rejects.toThrow();
    await entered;
    await sample.server.close();
    await failed;
    open();
  });

  it("twice is closing once", async () => {
    const sample = await startSample([]);
    await Promise.all([sample.server.close(), sample.server.close()]);
  });

  it("is possible after listening failed on a port that is taken", async () => {
    await using first = await startSample([]);
    await using second = await startSample([]);
    await expect(second.server.listen(Number(new URL(first.url).port), "127.0.0.1")).rejects.toThrow();
  });
});

test("an expectation that nobody knows changes nothing", async () => {
  await using sample = await startSample([earnRoute()]);
  const socket = await rawConnection(sample.url);
  const head = `POST ${EARN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${sample.token()}\r\nExpect: patience`;
  const body = `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;
  socket.write(`${head}\r\n${body}`);
  expect(await answerOf(socket)).toContain("HTTP/1.1 201");
  socket.destroy();
});
