import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { describe, expect, it, vi } from "vitest";
import type { Limits } from "../src/index.ts";
import { type Answered, answersIn, held, lines, opened, PATH, send } from "./support/bulk-calls.ts";
import { type BulkLine, bulkEarnRoute } from "./support/bulk-route.ts";
import { answerOf, rawConnection } from "./support/raw-connection.ts";
import { startSample } from "./support/sample-server.ts";
import { SampleError } from "./support/sample-tables.ts";

const PATIENT = { timeout: 20_000 };

/** The answers to lines as they come. */
async function* readLines(response: IncomingMessage): AsyncGenerator<Answered> {
  for await (const line of createInterface(response)) yield JSON.parse(line) as Answered;
}

describe("a bulk request", () => {
  it("is answered line by line in input order, whichever is done first", async () => {
    const first = Promise.withResolvers<void>();
    const work = async ({ points }: BulkLine) => {
      if (points === 1n) await first.promise;
      if (points === 200n) first.resolve();
    };
    await using sample = await startSample([bulkEarnRoute(work)]);
    const answers = await send(sample, lines(200));
    expect(answers.map(({ line, result }) => `${line}:${result?.balance}`)).toEqual(
      Array.from({ length: 200 }, (_, i) => `${i + 1}:${i + 1}`),
    );
  });

  it("hands lines to the handler in input order", async () => {
    const order: bigint[] = [];
    await using sample = await startSample([
      bulkEarnRoute(({ points }) => Promise.resolve(void order.push(points))),
    ]);
    await send(sample, lines(300));
    expect(order).toEqual(order.toSorted((a, b) => Number(a - b)));
    expect(order).toHaveLength(300);
  });

  it("answers each wrong line alone, with its code, and does the others", async () => {
    const work = ({ points }: BulkLine) =>
      points === 99n ? Promise.reject(new SampleError("insufficient_points")) : Promise.resolve();
    await using sample = await startSample([bulkEarnRoute(work)], { maxLineBytes: 100 });
    const body = [
      '{"member":"ext:m","points":"1"}',
      " \t",
      '{"member":"ext:m","points":"-1"}',
      "not json",
      '{"member":"ext:m","points":"2","x":1}',
      `{"member":"ext:${"m".repeat(200)}","points":"2"}`,
      '{"member":"ext:m","points":"99"}\r',
      '{"member":"ext:m","points":"3"}\r',
      '{"member":"ext:m","poi',
    ].join("\n");
    const answers = await send(sample, body);
    expect(
      answers.map(({ line, status, problem, result }) => [line, status, problem?.code ?? result?.balance]),
    ).toEqual([
      [1, 201, "1"],
      [3, 400, "amount_not_positive"],
      [4, 400, "malformed_json"],
      [5, 400, "unknown_field"],
      [6, 413, "line_too_long"],
      [7, 409, "insufficient_points"],
      [8, 201, "3"],
      [9, 400, "truncated_json"],
    ]);
    expect(await sample.metrics.exposition()).toContain('code="insufficient_points"} 1');
  });

  it("tells nothing internal of a line that failed unexpectedly, and logs it", async () => {
    await using sample = await startSample([bulkEarnRoute(() => Promise.reject(new Error("hunter2")))]);
    const [answer] = await send(sample, lines(1));
    expect(answer).toMatchObject({ line: 1, status: 500, problem: { code: "internal" } });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    expect(JSON.stringify(await sample.logged("unexpected error"))).toContain("hunter2");
  });

  it("without lines is answered with none", async () => {
    await using sample = await startSample([bulkEarnRoute()]);
    expect(await send(sample, "\n\n")).toEqual([]);
  });

  it("of another media type or without a key is refused as a whole", async () => {
    await using sample = await startSample([bulkEarnRoute()]);
    const wrong = await fetch(sample.url + PATH, {
      method: "POST",
      headers: { authorization: `Bearer ${sample.token()}`, "content-type": "application/json" },
      body: "{}",
    });
    expect(await wrong.json()).toMatchObject({ code: "unsupported_media_type" });
    const anonymous = await fetch(sample.url + PATH, { method: "POST", body: lines(1) });
    expect(await anonymous.json()).toMatchObject({ code: "unauthenticated" });
  });

  it("gets the answer to a line while it is still being sent", async () => {
    await using sample = await startSample([bulkEarnRoute()]);
    const { request, response } = await opened(sample);
    request.write(lines(1));
    const [first] = (await once(await response, "data")) as [Buffer];
    expect(answersIn(first.toString())).toMatchObject([{ line: 1, status: 201 }]);
    request.end();
    (await response).resume();
    await once(await response, "end");
  });

  it("has no more lines in flight than the limit, however many were sent", async () => {
    const { taken, work, release } = held();
    const limits: Partial<Limits> = { maxLinesInFlight: 8 };
    await using sample = await startSample([bulkEarnRoute(work)], limits);
    const answers = send(sample, lines(1_000));
    await vi.waitFor(() => expect(taken).toHaveLength(8));
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toHaveLength(8);
    release();
    expect(await answers).toHaveLength(1_000);
  });

  it("takes in no more lines while its answers are not read, and loses none", async () => {
    let taken = 0;
    const work = () => Promise.resolve(void taken++);
    await using sample = await startSample([bulkEarnRoute(work)], { maxAnswerBytes: 64 * 1024 });
    const { request, response } = await opened(sample);
    const total = 200_000;
    request.end(lines(total));
    const paused = await response;
    let before = -1;
    await vi.waitFor(
      () => {
        const still = taken === before;
        before = taken;
        expect(still && taken > 0).toBe(true);
      },
      { interval: 200, timeout: 20_000 },
    );
    expect(taken).toBeLessThan(total);
    let text = "";
    for await (const chunk of paused.setEncoding("utf8")) text += chunk as string;
    expect(answersIn(text).map(({ line }) => line)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  });

  it("whose API key ends while it goes on is done no more lines for", async () => {
    await using sample = await startSample([bulkEarnRoute()]);
    const token = sample.token();
    const { request, response } = await opened(sample, token);
    const answers = readLines(await response);
    request.write(lines(1));
    expect(await answers.next()).toMatchObject({ value: { line: 1, status: 201 } });
    sample.keys.revoke(token);
    await vi.waitFor(async () => {
      request.write(lines(1));
      const { value } = await answers.next();
      expect(value).toMatchObject({ status: 401, problem: { code: "unauthenticated" } });
    }, PATIENT);
    request.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  it("is done in its order also while its API key is looked up anew", async () => {
    const done: bigint[] = [];
    const work = ({ points }: BulkLine) => Promise.resolve(void done.push(points));
    await using sample = await startSample([bulkEarnRoute(work)]);
    const { request, response } = await opened(sample);
    (await response).resume();
    const before = sample.keys.lookUps;
    const gate = Promise.withResolvers<void>();
    sample.keys.answered = gate.promise;
    let sent = 0;
    const sendOne = () => request.write(`{"member":"ext:m","points":"${++sent}"}\n`);
    await vi.waitFor(() => {
      sendOne();
      expect(sample.keys.lookUps).toBe(before + 1);
    }, PATIENT);
    for (let i = 0; i < 50; i++) sendOne();
    expect(done.length).toBeLessThan(sent);
    gate.resolve();
    for (let i = 0; i < 50; i++) sendOne();
    request.end();
    await vi.waitFor(() => expect(done).toHaveLength(sent));
    expect(done).toEqual(Array.from({ length: sent }, (_, i) => BigInt(i + 1)));
  });

  it("that breaks off is logged, and the lines taken in by then were done", async () => {
    let done = 0;
    await using sample = await startSample([bulkEarnRoute(() => Promise.resolve(void done++))]);
    const { request, response } = await opened(sample);
    request.write(`${lines(3)}{"member":`);
    (await response).on("error", () => undefined).resume();
    await vi.waitFor(() => expect(done).toBe(3));
    request.destroy();
    const [line] = await sample.logged("request");
    expect(line).toMatchObject({ problem: "incomplete_body" });
    expect(done).toBe(3);
  });

  it("whose sender falls silent within it is broken off too, with no other answer within its own", async () => {
    await using sample = await startSample([bulkEarnRoute()]);
    const socket = await rawConnection(sample.url);
    const head = [
      `POST ${PATH} HTTP/1.1`,
      "Host: x",
      `Authorization: Bearer ${sample.token()}`,
      "Content-Type: application/x-ndjson",
      "Content-Length: 500",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${lines(1)}`);
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).not.toContain("incomplete_body");
    socket.destroy();
  });
});
