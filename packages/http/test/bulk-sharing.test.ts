import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { bulkRoute, type Limits } from "../src/index.ts";
import { answersIn, held, lines, opened, send } from "./support/bulk-calls.ts";
import { type BulkLine, bulkEarnRoute } from "./support/bulk-route.ts";
import { rawConnection } from "./support/raw-connection.ts";
import { earnRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";

const PATIENT = { timeout: 20_000 };

/** Of lines in two pieces each: more than the sockets of a connection hold. */
const PIECES = 4_000;
/** More than the sockets of a connection hold. */
const LENGTHY_LINES = 4_000;

/** Answers every line at length. */
function lengthyRoute() {
  return bulkRoute({
    method: "POST",
    path: "/lengthy",
    permission: "earn",
    tag: "test",
    summary: "Many lengthy answers",
    line: z.strictObject({}),
    result: z.object({ text: z.string() }),
    open: () => async () => ({ status: 200, body: { text: "x".repeat(4_096) } }),
  });
}

describe("many bulk requests", () => {
  /** Sends lines on so many connections at once; the token of their client. */
  async function flood(sample: Sample, connections: number, each: number, token = sample.token()) {
    const requests = await Promise.all(
      Array.from({ length: connections }, async () => {
        const { request, response } = await opened(sample, token);
        request.end(lines(each));
        return { request, response: await response };
      }),
    );
    return requests;
  }

  it("have no more lines in flight than the limits of one client and of all allow", async () => {
    const { taken, work, release } = held();
    const limits: Partial<Limits> = { maxLines: 20, maxClientLines: 12 };
    await using sample = await startSample([bulkEarnRoute(work)], limits);
    const first = await flood(sample, 10, 30);
    await vi.waitFor(() => expect(taken).toHaveLength(12), PATIENT);
    const second = await flood(sample, 10, 30);
    await vi.waitFor(() => expect(taken).toHaveLength(20), PATIENT);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toHaveLength(20);
    release();
    const all = await Promise.all(
      [...first, ...second].map(async ({ response }) => (await response.toArray()).join("")),
    );
    expect(all.flatMap(answersIn).filter(({ status }) => status === 201)).toHaveLength(600);
    expect(taken).toHaveLength(600);
  });

  it("of one client take turns with those of another, however many they are", async () => {
    const order: string[] = [];
    const steps: (() => void)[] = [];
    const work = ({ points }: BulkLine) => {
      order.push(points > 1_000n ? "few" : "many");
      return new Promise<void>((resolve) => steps.push(resolve));
    };
    await using sample = await startSample([bulkEarnRoute(work)], { maxLines: 2, maxClientLines: 2 });
    await flood(sample, 20, 20);
    await vi.waitFor(() => expect(order).toHaveLength(2), PATIENT);
    const { request, response } = await opened(sample, sample.token());
    (await response).resume();
    request.end(Array.from({ length: 10 }, () => '{"member":"ext:f","points":"2000"}\n').join(""));
    // Until its first line waits for its turn.
    await vi.waitFor(async () => {
      steps.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
      expect(order).toContain("few");
    }, PATIENT);
    const from = order.indexOf("few");
    await vi.waitFor(async () => {
      steps.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
      expect(order.filter((one) => one === "few")).toHaveLength(10);
    }, PATIENT);
    expect(
      order.slice(from, order.lastIndexOf("few")).filter((one) => one === "many").length,
    ).toBeLessThanOrEqual(10);
    const rest = setInterval(() => steps.shift()?.(), 0);
    await once(await response, "end");
    clearInterval(rest);
    for (const step of steps) step();
  });

  it("whose answers nobody reads keep no memory from others, and are cut off", async () => {
    const limits: Partial<Limits> = {
      ...{ maxAnswerBytes: 512 * 1024, maxClientBytes: 4 * 1024 * 1024, maxBytes: 16 * 1024 * 1024 },
      ...{ lookMs: 10, graceMs: 1_000, minBytesPerSecond: 4 * 1024 * 1024 },
    };
    await using sample = await startSample([lengthyRoute(), bulkEarnRoute()], limits);
    const measured = async (series: string) => {
      const text = await sample.metrics.exposition();
      return Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")
          .at(-1),
      );
    };
    const token = sample.token();
    const sockets = await Promise.all(Array.from({ length: 30 }, () => rawConnection(sample.url)));
    for (const socket of sockets) {
      socket.on("error", () => undefined).pause();
      const head = [
        "POST /lengthy HTTP/1.1",
        "Host: x",
        `Authorization: Bearer ${token}`,
        "Content-Type: application/x-ndjson",
        `Content-Length: ${LENGTHY_LINES * 3}`,
      ];
      socket.write(`${head.join("\r\n")}\r\n\r\n${"{}\n".repeat(LENGTHY_LINES)}`);
    }
    const most = 2 * (limits.maxClientBytes as number);
    let peak = 0;
    await vi.waitFor(async () => {
      peak = Math.max(peak, await measured("taem_http_bytes_under_way"));
      expect(peak).toBeGreaterThan(3 * 1024 * 1024);
    }, PATIENT);
    expect((await fetch(`${sample.url}/health/live`)).status).toBe(200);
    expect(await send(sample, lines(100))).toHaveLength(100);
    await vi.waitFor(async () => {
      peak = Math.max(peak, await measured("taem_http_bytes_under_way"));
      const cutOff = await measured('taem_http_cut_off_total{reason="unread_answer"}');
      // Those who came when the client had its share were refused.
      const refused = await measured('taem_http_limited_total{limit="client_bytes"}');
      expect([cutOff > 0, cutOff + refused]).toEqual([true, sockets.length]);
    }, PATIENT);
    expect(peak).toBeLessThan(most);
    await vi.waitFor(async () => {
      expect(await measured("taem_http_bytes_under_way")).toBe(0);
      expect(await measured("taem_http_requests_under_way")).toBe(0);
    }, PATIENT);
    for (const socket of sockets) socket.destroy();
  });

  it("are read no further than they are worked off, however fast they are sent and in whatever pieces", async () => {
    const { taken, work, release } = held();
    const limits = { lookMs: 10, maxLinesInFlight: 8 };
    await using sample = await startSample([bulkEarnRoute(work)], limits);
    const { request, response } = await opened(sample);
    (await response).resume();
    let sent = 0;
    const padding = " ".repeat(8_000);
    const feed = () => {
      for (let hasRoom = true; hasRoom && sent < PIECES; sent++)
        hasRoom = request.write(sent % 2 === 0 ? '{"member":"ext:m",' : `${padding}"points":"1"}\n`);
    };
    request.on("drain", feed);
    feed();
    await vi.waitFor(() => expect(taken).toHaveLength(8), PATIENT);
    const kept = async () =>
      Number(/^taem_http_bytes_under_way (\d+)$/m.exec(await sample.metrics.exposition())?.[1]);
    let before = -1;
    await vi.waitFor(
      () => {
        const isStill = before === sent;
        before = sent;
        expect(isStill).toBe(true);
      },
      { ...PATIENT, interval: 200 },
    );
    expect(sent).toBeLessThan(PIECES);
    expect(await kept()).toBeGreaterThan(0);
    expect(await kept()).toBeLessThanOrEqual(160 * 1024);
    release();
    await vi.waitFor(() => expect(sent).toBe(PIECES), PATIENT);
    request.end();
    await vi.waitFor(() => expect(taken).toHaveLength(PIECES / 2), PATIENT);
  });

  it("beyond what one client may keep are refused before any line", async () => {
    await using sample = await startSample([bulkEarnRoute()], { maxClientBytes: 2 * 128 * 1024 });
    const token = sample.token();
    const held = [await opened(sample, token), await opened(sample, token)];
    for (const { response } of held) expect((await response).statusCode).toBe(200);
    const third = await opened(sample, token);
    const refused = await third.response;
    expect(refused.statusCode).toBe(429);
    expect((await refused.toArray()).join("")).toContain("too_many_requests");
    expect(await send(sample, lines(3))).toHaveLength(3);
    for (const { request } of [...held, third]) request.destroy();
  });

  it("that have begun and say nothing leave half of the memory to others", async () => {
    const limits: Partial<Limits> = { lookMs: 10, maxBytes: 4 * 128 * 1024 };
    await using sample = await startSample([bulkEarnRoute(), earnRoute()], limits);
    const held = [await opened(sample), await opened(sample)];
    for (const { response } of held) expect((await response).statusCode).toBe(200);
    const third = await opened(sample);
    const refused = await third.response;
    expect([refused.statusCode, (await refused.toArray()).join("")]).toEqual([
      429,
      expect.stringContaining('"code":"overloaded"'),
    ]);
    const earned = await fetch(`${sample.url}/v1/programmes/the-1/members/ext:m/earn`, {
      method: "POST",
      headers: { authorization: `Bearer ${sample.token()}`, "content-type": "application/json" },
      body: '{"points":"10","currency":"POINT"}',
    });
    expect(earned.status).toBe(201);
    for (const { request } of [...held, third]) request.destroy();
  });

  it("of a client that sends more lines a second than it may are paced, and not refused", async () => {
    await using sample = await startSample([bulkEarnRoute()], { clientRate: 40 });
    const answers = await send(sample, lines(100));
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(201));
  });

  it("that end while they wait for their turn hold nothing up", async () => {
    const { taken, work, release } = held();
    await using sample = await startSample([bulkEarnRoute(work)], { maxLines: 1, maxClientLines: 1 });
    const token = sample.token();
    const waiting = await flood(sample, 5, 5, token);
    await vi.waitFor(() => expect(taken).toHaveLength(1), PATIENT);
    for (const { request, response } of waiting) {
      response.on("error", () => undefined);
      request.destroy();
    }
    await sample.logged("request", 4);
    release();
    expect(await send(sample, lines(20))).toHaveLength(20);
  });
});
