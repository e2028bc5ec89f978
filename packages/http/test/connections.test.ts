import { once } from "node:events";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, test, vi } from "vitest";
import { z } from "zod";
import { fields, type Limits, type Route, route } from "../src/index.ts";
import { MergedBytes } from "../src/merged-bytes.ts";
import { bulkEarnRoute } from "./support/bulk-route.ts";
import { answerOf, rawConnection } from "./support/raw-connection.ts";
import { earnRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";
import { waitingRoute } from "./support/waiting-route.ts";

const PATIENT = { timeout: 30_000 };
const EARN = "/v1/programmes/the-1/members/ext:C-1/earn";
const WAIT = "/v1/programmes/the-1/wait";
const COMMANDS = "/v1/programmes/the-1/commands";
/** Connections are looked at all the time, and whoever is slow is so at once. */
const IMPATIENT: Partial<Limits> = { lookMs: 10, graceMs: 50, minBytesPerSecond: 1_000_000_000 };

function head(method: string, path: string, token: string, more: readonly string[] = []): string {
  const lines = [`${method} ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${token}`, ...more];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

async function measured({ metrics }: Sample, series: string): Promise<number> {
  const line = (await metrics.exposition()).split("\n").find((one) => one.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1));
}

const cutOff = (sample: Sample, reason: string) =>
  measured(sample, `taem_http_cut_off_total{reason="${reason}"}`);

/** Answers with so many bytes. */
function largeRoute(bytes: number): Route {
  return route({
    method: "GET",
    path: "/large",
    permission: "read",
    tag: "test",
    summary: "Answers at length",
    responses: { 200: { description: "It.", contentType: "application/octet-stream" } },
    handler: () => ({ status: 200, body: Buffer.alloc(bytes) }),
  });
}

describe("a connection", () => {
  it("has one request under way: who sends the next before the answer gets that answer and no more", async () => {
    const { waiting, open, entered } = waitingRoute();
    await using sample = await startSample([waiting]);
    const socket = await rawConnection(sample.url);
    const answer = answerOf(socket);
    socket.write(head("GET", WAIT, sample.token()).repeat(5_000));
    await vi.waitFor(() => expect(entered()).toBe(1), PATIENT);
    await vi.waitFor(async () => expect(await cutOff(sample, "pipelining")).toBe(1), PATIENT);
    open();
    const text = await answer;
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(text).toMatch(/^Connection: close\r$/m);
    expect(entered()).toBe(1);
    socket.destroy();
  });

  it("gets one answer too where the next request comes within the answer to many lines", async () => {
    const gate = Promise.withResolvers<void>();
    await using sample = await startSample([bulkEarnRoute(() => gate.promise)]);
    const socket = await rawConnection(sample.url);
    const answer = answerOf(socket);
    const token = sample.token();
    const line = '{"member":"ext:m","points":"1"}\n';
    const more = ["Content-Type: application/x-ndjson", `Content-Length: ${line.length}`];
    socket.write(`${head("POST", COMMANDS, token, more)}${line}${head("GET", "/health/live", token)}`);
    await vi.waitFor(async () => expect(await cutOff(sample, "pipelining")).toBe(1), PATIENT);
    gate.resolve();
    const text = await answer;
    expect(text).toContain('"status":201');
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    socket.destroy();
  });

  it("serves one request after the other", async () => {
    await using sample = await startSample([]);
    const socket = await rawConnection(sample.url);
    for (let i = 0; i < 3; i++) {
      socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      expect(String((await once(socket, "data"))[0])).toContain("HTTP/1.1 200");
    }
    expect(await cutOff(sample, "pipelining")).toBe(0);
    socket.destroy();
  });
});

describe("a caller who does not read", () => {
  /** Asks on so many connections, whose answers nobody reads. */
  async function askAndNotRead(sample: Sample, token: string, count: number): Promise<Socket[]> {
    const sockets = await Promise.all(Array.from({ length: count }, () => rawConnection(sample.url)));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.pause();
      socket.write(head("GET", "/large", token));
    }
    return sockets;
  }

  it("is cut off after a while, and counted, and nothing is kept for it any more", async () => {
    await using sample = await startSample([largeRoute(16 * 1024 * 1024)], {
      ...IMPATIENT,
      maxClientBytes: 2 ** 30,
    });
    const [socket] = await askAndNotRead(sample, sample.token(), 1);
    await vi.waitFor(async () => expect(await cutOff(sample, "unread_answer")).toBe(1), PATIENT);
    await vi.waitFor(async () => {
      expect(await measured(sample, "taem_http_requests_under_way")).toBe(0);
      expect(await measured(sample, "taem_http_bytes_under_way")).toBe(0);
    }, PATIENT);
    socket?.destroy();
  });

  it("gets no more answers than there is memory for one client, and others get theirs", async () => {
    await using sample = await startSample([largeRoute(16 * 1024 * 1024)], {
      lookMs: 10,
      maxClientBytes: 8 * 1024 * 1024,
    });
    const token = sample.token();
    const sockets = await askAndNotRead(sample, token, 1);
    await vi.waitFor(async () => {
      expect(await measured(sample, "taem_http_bytes_under_way")).toBeGreaterThan(8 * 1024 * 1024);
    }, PATIENT);
    const ask = (by: string) => fetch(`${sample.url}/large`, { headers: { authorization: `Bearer ${by}` } });
    const refused = await ask(token);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      429,
      "too_many_requests",
    ]);
    const other = await ask(sample.token());
    expect([other.status, (await other.bytes()).length]).toEqual([200, 16 * 1024 * 1024]);
    for (const socket of sockets) socket.destroy();
  });

  it("is none who reads slowly, but reads", async () => {
    const limits = { lookMs: 10, graceMs: 500, minBytesPerSecond: 64 * 1024 };
    const size = 12 * 1024 * 1024;
    await using sample = await startSample([largeRoute(size)], { ...limits, maxClientBytes: 2 ** 30 });
    const [socket] = await askAndNotRead(sample, sample.token(), 1);
    let read = 0;
    socket?.on("data", (chunk: Buffer) => {
      read += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket?.resume();
    await vi.waitFor(() => expect(read).toBeGreaterThan(size), PATIENT);
    expect(await cutOff(sample, "unread_answer")).toBe(0);
    socket?.destroy();
  });
});

describe("a body that comes too slowly", () => {
  const json = ["Content-Type: application/json", "Content-Length: 1000"];

  it("is not waited for, even if nothing of it comes any more", async () => {
    await using sample = await startSample([earnRoute()], { lookMs: 10, requestMs: 100 });
    const socket = await rawConnection(sample.url);
    socket.write(`${head("POST", EARN, sample.token(), json)}{"points":`);
    const answer = await answerOf(socket);
    expect(answer).toContain("HTTP/1.1 408");
    expect(answer).toContain('"code":"request_timeout"');
    expect(answer).toMatch(/^Connection: close\r$/m);
    await vi.waitFor(async () => expect(await cutOff(sample, "slow_body")).toBe(1), PATIENT);
    socket.destroy();
  });

  it("as a line that does not end is cut off, while silence between lines is none", async () => {
    await using sample = await startSample([bulkEarnRoute()], { lookMs: 10, requestMs: 300 });
    const ndjson = ["Content-Type: application/x-ndjson", "Content-Length: 1000"];
    const line = '{"member":"ext:m","points":"1"}\n';
    const [silent, dripping] = await Promise.all([rawConnection(sample.url), rawConnection(sample.url)]);
    const token = sample.token();
    silent.write(head("POST", COMMANDS, token, ndjson) + line);
    dripping.write(head("POST", COMMANDS, token, ndjson) + line);
    const ended = Promise.withResolvers<void>();
    dripping
      .on("error", () => undefined)
      .on("close", () => ended.resolve())
      .resume();
    const drip = setInterval(() => dripping.write("{"), 20);
    await vi.waitFor(async () => expect(await cutOff(sample, "slow_body")).toBe(1), PATIENT);
    await ended.promise;
    clearInterval(drip);
    let told = "";
    silent.on("data", (chunk: Buffer) => {
      told += String(chunk);
    });
    silent.write(line);
    await vi.waitFor(() => expect(told.match(/"status":201/g)).toHaveLength(2), PATIENT);
    silent.destroy();
  });
});

describe("connections of one address", () => {
  it("are so many and no more, unless it is a trusted proxy's", async () => {
    const limits = { maxAddressConnections: 2 };
    for (const [trustedProxies, left] of [
      [[], 2],
      [["127.0.0.0/8"], 4],
    ] as const) {
      await using sample = await startSample([], limits, { trustedProxies });
      const sockets = await Promise.all(Array.from({ length: 4 }, () => rawConnection(sample.url)));
      for (const socket of sockets) socket.on("error", () => undefined).resume();
      const closed = () => sockets.filter((socket) => socket.readableEnded || socket.closed).length;
      await vi.waitFor(async () => {
        expect(await cutOff(sample, "connections")).toBe(4 - left);
        expect(closed()).toBe(4 - left);
      }, PATIENT);
      for (const socket of sockets) socket.destroy();
    }
  });

  it("that ends makes room for another", async () => {
    await using sample = await startSample([], { maxAddressConnections: 1 });
    for (let i = 0; i < 3; i++) {
      await vi.waitFor(async () => {
        const answer = await fetch(`${sample.url}/health/live`, { headers: { connection: "close" } });
        expect(answer.status).toBe(200);
      }, PATIENT);
    }
  });
});

describe("what is kept of bodies", () => {
  const chunked = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
  const size = 20_000;
  const pieces = `10\r\n${" ".repeat(16)}\r\n`.repeat(size / 16);

  function heapUsed(): number {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    const { heapUsed: used, external } = process.memoryUsage();
    return used + external;
  }

  it("is their bytes, and not the pieces in which they came", async () => {
    await using sample = await startSample([earnRoute()], { requestMs: 60_000, lookMs: 10 });
    const token = sample.token();
    const sockets = await Promise.all(Array.from({ length: 20 }, () => rawConnection(sample.url)));
    const before = heapUsed();
    for (const socket of sockets) socket.write(head("POST", EARN, token, chunked) + pieces);
    await vi.waitFor(async () => {
      expect(await measured(sample, "taem_http_bytes_under_way")).toBeGreaterThan(sockets.length * size);
    }, PATIENT);
    expect(await measured(sample, "taem_http_bytes_under_way")).toBeLessThan(sockets.length * 2.2 * size);
    // What it would be in pieces: some eight times as much.
    expect(heapUsed() - before).toBeLessThan(sockets.length * 4 * size);
    for (const socket of sockets) socket.destroy();
  });

  it("is no more than there is memory for, of one client and of all", async () => {
    const limits = { requestMs: 60_000, lookMs: 10, maxBytes: 300_000, maxClientBytes: 100_000 };
    await using sample = await startSample([earnRoute()], limits);
    const ask = async (token: string) => {
      const socket = await rawConnection(sample.url);
      socket.write(head("POST", EARN, token, chunked) + pieces);
      return socket;
    };
    const token = sample.token();
    const held = await Promise.all(Array.from({ length: 2 }, () => ask(token)));
    await vi.waitFor(async () => {
      expect(await measured(sample, "taem_http_bytes_under_way")).toBeGreaterThan(2 * size);
    }, PATIENT);
    const beyond = await Promise.all([ask(token), ask(token)]);
    expect(await Promise.race(beyond.map(firstOf))).toContain('"code":"too_many_requests"');
    const others = await Promise.all(Array.from({ length: 12 }, () => ask(sample.token())));
    expect(await Promise.race(others.map(firstOf))).toContain('"code":"overloaded"');
    expect((await fetch(`${sample.url}/health/live`)).status).toBe(200);
    for (const socket of [...held, ...beyond, ...others]) socket.destroy();
  });

  it.each([
    ["with a key", EARN, (sample: Sample) => sample.token(), "HTTP/1.1 413"],
    ["without one", EARN, () => "none", "HTTP/1.1 401"],
    ["for a route that wants none", "/health/live", () => "none", "HTTP/1.1 200"],
    ["for no route", "/nowhere", () => "none", "HTTP/1.1 404"],
  ])("is not read on where it comes in crumbs without end, %s", async (_, path, tokenOf, status) => {
    await using sample = await startSample([earnRoute()], { requestMs: 60_000 });
    const socket = await rawConnection(sample.url);
    let told = "";
    socket.on("data", (data: Buffer) => {
      told += data.toString();
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const crumbs = "1\r\n \r\n".repeat(5_000);
    const send = () => {
      while (socket.writable && socket.write(crumbs));
    };
    socket.on("drain", send);
    socket.on("error", () => undefined);
    socket.write(head(path === EARN ? "POST" : "GET", path, tokenOf(sample), chunked));
    send();
    await closed;
    expect(told).toContain(status);
    // Some megabytes are on their way in the system.
    expect(socket.bytesWritten).toBeLessThan(20_000_000);
    expect(await cutOff(sample, "unwanted_body")).toBe(1);
  });

  it("is read on where it is small, and the connection goes on", async () => {
    await using sample = await startSample([earnRoute()]);
    const socket = await rawConnection(sample.url);
    let told = "";
    socket.on("data", (data: Buffer) => {
      told += data.toString();
    });
    for (let i = 1; i <= 3; i++) {
      socket.write(`${head("POST", EARN, "none", ["Content-Length: 60000"])}${" ".repeat(60_000)}`);
      await vi.waitFor(() => expect(told.match(/HTTP\/1\.1 401/g)).toHaveLength(i), PATIENT);
    }
    expect(await cutOff(sample, "unwanted_body")).toBe(0);
    socket.destroy();
  });

  it("is whole whatever the pieces", async () => {
    const seen: unknown[] = [];
    await using sample = await startSample([earnRoute((content) => seen.push(content))]);
    const socket = await rawConnection(sample.url);
    const body = JSON.stringify({ points: "10", currency: "POINT" });
    const bytes = [...body].map((one) => `1\r\n${one}\r\n`).join("");
    socket.end(`${head("POST", EARN, sample.token(), [...chunked, "Connection: close"])}${bytes}0\r\n\r\n`);
    expect(await answerOf(socket)).toContain("HTTP/1.1 201");
    expect(seen).toMatchObject([{ body: { points: 10n, currency: "POINT" } }]);
    socket.destroy();
  });

  it("that no route wants is nothing", async () => {
    const { waiting, open, entered } = waitingRoute();
    await using sample = await startSample([waiting], { lookMs: 10 });
    const before = heapUsed();
    const sockets = await Promise.all(Array.from({ length: 8 }, () => rawConnection(sample.url)));
    for (const socket of sockets) socket.write(head("GET", WAIT, sample.token(), chunked) + pieces);
    await vi.waitFor(() => expect(entered()).toBe(8), PATIENT);
    await vi.waitFor(() => expect(sockets.every((one) => one.writableLength === 0)).toBe(true), PATIENT);
    expect(heapUsed() - before).toBeLessThan(sockets.length * 20 * size);
    open();
    for (const socket of sockets) socket.destroy();
  });
});

async function firstOf(socket: Socket): Promise<string> {
  socket.on("error", () => undefined);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return String(chunk);
}

test("bytes in many pieces are kept in one, with as much room again at most", () => {
  const merged = new MergedBytes();
  for (let i = 0; i < 5_000; i++) merged.append(Buffer.from([i % 256]));
  expect(merged.kept).toBeLessThanOrEqual(10_000);
  const taken = merged.take();
  expect([taken.length, taken[0], taken[4_999]]).toEqual([5_000, 0, 4_999 % 256]);
  expect([merged.length, merged.kept]).toEqual([0, 0]);
  const whole = Buffer.from("whole");
  merged.append(whole);
  expect(merged.take()).toBe(whole);
});

test("what a page size may be is a number in the document, and decimal digits in a query", () => {
  const size = z.strictObject({ limit: fields.pageSize(50, 500) });
  expect(z.toJSONSchema(size, { io: "input" })).toMatchObject({
    properties: { limit: { type: "integer", minimum: 1, maximum: 500 } },
  });
  expect(z.toJSONSchema(size, { io: "input" }).required ?? []).toEqual([]);
  expect(size.parse({})).toEqual({ limit: 50 });
  expect(size.parse({ limit: "7" } as object)).toEqual({ limit: 7 });
  for (const limit of ["0", "501", "1.5", "-1", " 7", "", "x", "1e2"])
    expect(size.safeParse({ limit }).success).toBe(false);
});
