import { afterEach, describe, expect, it, vi } from "vitest";
import { createLogger, type LogLevel, reasonOf } from "../src/index.ts";

const KEY = `taem_0123456789abcdef_${"ab".repeat(32)}`;

function recording(level: LogLevel = "info") {
  const texts: string[] = [];
  const logger = createLogger({
    service: "ledger",
    level,
    destination: { write: (text) => texts.push(text) },
  });
  return { logger, texts, lines: () => texts.map((text) => JSON.parse(text) as Record<string, unknown>) };
}

describe("the logger", () => {
  it("writes one JSON object a line with the service, the level by name and the fields", () => {
    const { logger, lines } = recording();
    logger.info({ correlationId: "c-1", durationMs: 3 }, "request");
    expect(lines()).toEqual([
      expect.objectContaining({
        service: "ledger",
        level: "info",
        correlationId: "c-1",
        durationMs: 3,
        msg: "request",
      }),
    ]);
  });

  it("leaves out what is below its level", () => {
    const { logger, texts } = recording("warn");
    logger.info({}, "quiet");
    expect(texts).toEqual([]);
  });

  it("redacts secrets by field name at any depth, in children too, and leaves the caller's object alone", () => {
    const { logger, texts } = recording();
    const fields = {
      headers: { Authorization: `Bearer ${KEY}`, accept: "*/*" },
      config: { database: { password: "hunter2" } },
      list: [{ secret: "hunter2" }],
    };
    logger.info(fields, "deep");
    logger.child({ token: "hunter2" }).info({ apiKey: "hunter2" }, "child");
    expect(texts.join()).not.toMatch(/hunter2|abab/);
    expect(JSON.parse(texts[0]!)).toMatchObject({
      headers: { Authorization: "[redacted]", accept: "*/*" },
      config: { database: { password: "[redacted]" } },
      list: [{ secret: "[redacted]" }],
    });
    expect(fields.headers.Authorization).toContain(KEY);
  });

  it("keeps an error's type, message, stack and causes but not the secrets in their text", () => {
    const { logger, texts, lines } = recording();
    const cause = new Error("connect postgres://taem:hunter2@db/taem");
    logger.error({ err: new Error(`refused Bearer ${KEY}`, { cause }) }, "failed");
    expect(texts.join()).not.toMatch(/hunter2|abab/);
    expect(lines()[0]).toMatchObject({
      err: { type: "Error", message: expect.stringContaining("postgres://taem:[redacted]@db/taem") },
    });
  });
});

describe("a flood of lines", () => {
  afterEach(() => void vi.useRealTimers());

  const flood = (write: (i: number) => void, count = 1_000) => {
    for (let i = 0; i < count; i++) write(i);
  };

  it("of a kind is cut after a hundred a minute, and a line says how many were left out", () => {
    vi.useFakeTimers();
    const { logger, lines } = recording();
    const child = logger.child({ route: "/balance" });
    flood((i) => child.warn({ problem: "unavailable", i }, "request not done"));
    flood((i) => logger.info({ problem: "malformed_json", i }, "request", "malformed_json"), 150);
    expect(lines()).toHaveLength(200);
    vi.advanceTimersByTime(60_000);
    expect(lines().slice(200)).toEqual([
      expect.objectContaining({
        level: "warn",
        leftOut: { "request not done: unavailable": 900, malformed_json: 50 },
      }),
    ]);
    flood((i) => child.warn({ problem: "unavailable", i }, "request not done"), 50);
    vi.advanceTimersByTime(60_000);
    expect(lines()).toHaveLength(251);
  });

  it("hides no line of another kind: another message, problem, code, or place in the program", () => {
    const { logger, lines } = recording();
    const bug = () => new TypeError("one");
    const others = () => new TypeError("another");
    flood(() => logger.error({ err: bug() }, "unexpected error"));
    flood(() => logger.error({ err: others() }, "unexpected error"));
    flood(() => logger.warn({ problem: "unavailable" }, "request not done"));
    flood(() => logger.warn({ problem: "outcome_unknown" }, "request not done"));
    flood(() => logger.error({ code: "topic_mismatch" }, "relay refuses"));
    expect(lines()).toHaveLength(500);
    expect(lines()[100]).toMatchObject({
      err: { message: "another", stack: expect.stringContaining("others") },
    });
  });

  it("of requests that were done, for debugging, or that ends the process is written whole", () => {
    const { logger, lines } = recording("debug");
    flood(() => logger.info({ status: 201 }, "request"));
    flood(() => logger.debug({}, "projected"));
    flood(() => logger.fatal({}, "stopping"));
    expect(lines()).toHaveLength(3_000);
  });

  it("is not counted where its level is not written", () => {
    vi.useFakeTimers();
    const { logger, texts } = recording("error");
    flood(() => logger.warn({}, "quiet"));
    vi.advanceTimersByTime(60_000);
    expect(texts).toEqual([]);
  });
});

describe("the reason of a failure", () => {
  it("is its messages and those of its causes in one line, each once, without secrets", () => {
    const lost = new Error("connect postgres://taem:hunter2@db/taem\n  refused");
    const unread = new Error("the store cannot be reached", { cause: lost });
    expect(reasonOf(new Error("the store cannot be reached", { cause: unread }))).toBe(
      "the store cannot be reached: connect postgres://taem:[redacted]@db/taem refused",
    );
    expect(reasonOf("odd")).toBe("odd");
  });

  it("is said of a connection that failed at each of several addresses", () => {
    const failures = [new Error("connect ECONNREFUSED ::1:1"), new Error("connect ECONNREFUSED 127.0.0.1:1")];
    expect(reasonOf(new AggregateError(failures))).toContain("127.0.0.1:1");
  });
});
