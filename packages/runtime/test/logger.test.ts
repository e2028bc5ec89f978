import { describe, expect, it } from "vitest";
import { createLogger, type LogLevel } from "../src/index.ts";

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
