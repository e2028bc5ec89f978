import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createClient } from "../src/index.ts";
import { KEY, openToyApi } from "./support/toy-api.ts";

const earn = "POST /v1/programmes/{programme}/members/{member}/earn";
const body = { currency: "POINT", points: "5" };

async function openRawServer(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { url, [Symbol.asyncDispose]: close };
}

describe("call", () => {
  it("fills the path's names in, percent-encoded", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY });
    const answer = await client.call(earn, { params: { programme: "the-1", member: "ext:a/b ü" }, body });
    expect(answer.member).toBe("ext:a/b ü");
  });

  it("asks with the query's fields, and leaves out those that are undefined", async () => {
    let asked: string | undefined;
    await using server = await openRawServer((request, response) => {
      asked = request.url;
      response.end("{}");
    });
    await using client = createClient({ url: server.url, key: KEY });
    await client.call("GET /v1/programmes/{programme}/members/{member}/lots", {
      params: { programme: "the-1", member: "m" },
      query: { asOf: "2026-11-05T10:00:00+07:00", limit: 2, cursor: undefined },
    });
    expect(asked).toBe("/v1/programmes/the-1/members/m/lots?asOf=2026-11-05T10%3A00%3A00%2B07%3A00&limit=2");
  });

  it("repeats what may pass by itself, with the same key", async () => {
    await using api = await openToyApi(async (_, arrivals) => (arrivals < 2 ? "overloaded" : undefined));
    await using client = createClient({ url: api.url, key: KEY });
    await client.call(earn, { params: { programme: "the-1", member: "m" }, body });
    expect(api.keys).toHaveLength(2);
    expect(new Set(api.keys).size).toBe(1);
    expect(api.keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("rejects with the problem that the API tells, and does not repeat it", async () => {
    await using api = await openToyApi(async () => "member_unknown" as const);
    await using client = createClient({ url: api.url, key: KEY });
    const failure = client.call(earn, { params: { programme: "the-1", member: "m" }, body });
    await expect(failure).rejects.toMatchObject({
      code: "member_unknown",
      retryable: false,
      problem: { status: 404, correlationId: expect.any(String) },
    });
    expect(api.arrived).toHaveLength(1);
  });

  it("names the field that is wrong", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY });
    const failure = client.call(earn, {
      params: { programme: "the-1", member: "m" },
      body: { currency: "POINT", points: "-5" },
    });
    await expect(failure).rejects.toMatchObject({
      code: "amount_not_positive",
      problem: { errors: [{ pointer: "/points" }] },
    });
  });

  it("gives up after the deadline with the last failure", async () => {
    await using client = createClient({ url: "http://127.0.0.1:9", key: KEY, deadlineMs: 50 });
    const failure = client.call(earn, { params: { programme: "the-1", member: "m" }, body });
    await expect(failure).rejects.toMatchObject({ code: "unreachable", retryable: true });
  });

  it("waits as long as the API asks", async () => {
    await using server = await openRawServer((_, response) => {
      const problem = { code: "overloaded", status: 429, detail: "wait", retryable: true };
      response.writeHead(429, { "retry-after": "3600" }).end(JSON.stringify(problem));
    });
    await using client = createClient({ url: server.url, key: KEY, deadlineMs: 3_000 });
    const failure = client.call(earn, { params: { programme: "the-1", member: "m" }, body });
    await expect(failure).rejects.toMatchObject({ code: "overloaded", retryAfter: 3_600_000 });
  });

  it("says when what answers is not the API", async () => {
    await using server = await openRawServer((_, response) => response.writeHead(404).end("<html>"));
    await using client = createClient({ url: server.url, key: KEY });
    const failure = client.call("GET /v1/programmes/{programme}", { params: { programme: "the-1" } });
    await expect(failure).rejects.toMatchObject({ code: "unexpected_answer", retryable: false });
  });

  it("keeps the path in front of the API's own", async () => {
    let path: string | undefined;
    await using server = await openRawServer((request, response) => {
      path = request.url;
      response.end("{}");
    });
    await using client = createClient({ url: `${server.url}/ledger`, key: KEY });
    await client.call("GET /v1/programmes/{programme}", { params: { programme: "the-1" } });
    expect(path).toBe("/ledger/v1/programmes/the-1");
  });
});
