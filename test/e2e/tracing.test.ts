import { randomBytes, randomUUID } from "node:crypto";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Environment } from "@taem/runtime";
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from "@taem/runtime/testing";
import type { Answer } from "@taem/testing/api";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { bookOf } from "@taem/testing/read-model";
import { describeWith } from "@taem/testing/requirement";
import { openServers, startTopology, type Topology } from "@taem/testing/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// One command, followed by its correlation id through every process: in their logs, and in the spans they export.

const WAIT = { timeout: 60_000, interval: 50 };
const COLLECTOR_KEY = randomBytes(16).toString("hex");
/** A caller's own name of a member, such as a phone number: nobody's business. */
const PHONE = "0812345678";

type LogLine = Readonly<Record<string, unknown>>;

describeWith("a command that went through many processes", "kafka", await sharedKafka(), ({ brokers }) => {
  const undo = new AsyncDisposableStack();
  /** What the processes write, and which of them does. */
  const written: { readonly by: string; readonly line: string }[] = [];
  let collector: OtlpCollector;
  let topology: Topology;
  let shop: string;
  let topic: string;

  beforeAll(async () => {
    const { environment } = undo.use(await openServers("processes", brokers));
    topic = String(environment["TAEM_KAFKA_TOPIC"]);
    collector = undo.use(await startOtlpCollector());
    topology = undo.use(
      await startTopology(
        "processes",
        {
          ...environment,
          TAEM_LOG_LEVEL: "debug",
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_HEADERS: `x-collector-key=${COLLECTOR_KEY}`,
        },
        { onLine: (by, line) => void written.push({ by, line }) },
      ),
    );
    const { api } = topology;
    const clock = { mode: "replay", at: "2026-01-10T00:00:00Z" };
    shop = await defineProgramme(api, "shop", { clock, expiry: { kind: "end_of_month", count: 1 } });
    await succeeds(api.post(`${shop}/members`, { externalId: PHONE }));
    await earn("before", {});
  });

  afterAll(() => undo.disposeAsync());

  /** Resolves when the ledger has it, and with it everything before. */
  async function earn(id: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const member = `${shop}/members/ext:${PHONE}`;
    const body = JSON.stringify({ currency: "PTS", points: "5", source: source(id) });
    const answer = await succeeds(topology.api.raw("POST", `${member}/earn`, body, headers));
    await bookOf(topology.api, member, String(answer.body.token));
    return answer;
  }

  /** What each service has logged under a correlation id, by message. */
  function logged(correlationId: string): Record<string, string[]> {
    const lines = written
      .filter(({ line }) => line.includes(correlationId))
      .map(({ line }) => JSON.parse(line) as LogLine);
    expect(lines.every((line) => line["correlationId"] === correlationId)).toBe(true);
    const messages = Map.groupBy(lines, (line) => String(line["service"]));
    return Object.fromEntries(
      [...messages].map(([service, of]) => [service, of.map((line) => String(line["msg"])).toSorted()]),
    );
  }

  /** The spans of a trace, once as many have come, by service and name. */
  async function spansOf(traceId: string, count: number): Promise<Map<string, CollectedSpan>> {
    const ours = () => collector.spans.filter((span) => span.traceId === traceId);
    await expect.poll(() => ours().length, WAIT).toBeGreaterThanOrEqual(count);
    return new Map(ours().map((span) => [`${span.service}: ${span.name.replace(topic, "<topic>")}`, span]));
  }

  test("is found in the log of each by its correlation id", async () => {
    const correlation = randomUUID();
    const { headers } = await earn("logged", { "x-correlation-id": correlation });
    expect(headers["x-correlation-id"]).toBe(correlation);
    await expect
      .poll(() => logged(correlation), WAIT)
      .toEqual({
        "taem-commands": ["appended", "request"],
        "taem-relay": ["relayed"],
        "taem-ledger": ["projected"],
        "taem-scheduler": ["projected"],
      });
  });

  test("is one trace, with each process's spans below the append", async () => {
    const correlation = randomUUID();
    await earn("traced", { "x-correlation-id": correlation });
    const spans = await spansOf(correlation.replaceAll("-", ""), 7);
    const request = spans.get("taem-commands: POST /v1/programmes/{programme}/members/{member}/earn");
    const append = spans.get("taem-commands: append");
    expect(request).toMatchObject({
      kind: "server",
      parentSpanId: "",
      attributes: { "http.response.status_code": 201, "taem.correlation_id": correlation },
    });
    expect(append).toMatchObject({
      parentSpanId: request?.spanId,
      attributes: { "taem.event_types": ["PointsEarned"] },
    });
    const below = [
      ["taem-relay: publish <topic>", "producer"],
      ["taem-ledger: receive <topic>", "consumer"],
      ["taem-ledger: project ledger", "internal"],
      ["taem-scheduler: receive <topic>", "consumer"],
      ["taem-scheduler: project sweeps", "internal"],
    ] as const;
    for (const [name, kind] of below)
      expect([name, spans.get(name)]).toEqual([
        name,
        expect.objectContaining({ kind, parentSpanId: append?.spanId, hasFailed: false }),
      ]);
  });

  test("of a caller that traces is a part of the caller's trace, under whose id the logs have it", async () => {
    const traceId = randomBytes(16).toString("hex");
    const { headers } = await earn("theirs", { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    expect(headers["x-correlation-id"]).toBe(traceId);
    const spans = await spansOf(traceId, 7);
    const request = spans.get("taem-commands: POST /v1/programmes/{programme}/members/{member}/earn");
    expect(request?.parentSpanId).toBe("00f067aa0ba902b7");
    expect([...spans.keys()]).toContain("taem-ledger: project ledger");
    expect(Object.keys(logged(traceId)).toSorted()).toEqual([
      "taem-commands",
      "taem-ledger",
      "taem-relay",
      "taem-scheduler",
    ]);
  });

  test("of time's has a correlation id of its own, and its log says what it was for", async () => {
    const [member] = await enrolMany(topology.api, "shop", "member", 1);
    const body = { currency: "PTS", points: "9", source: source("expires") };
    await succeeds(topology.api.post(`${shop}/members/${member}/earn`, body));
    await succeeds(topology.api.put(`${shop}/clock`, { mode: "replay", at: "2026-03-01T00:00:00Z" }));
    const sweep = () =>
      written
        .filter(({ by, line }) => by === "scheduler" && line.includes("sweeping an account"))
        .map(({ line }) => JSON.parse(line) as LogLine & { readonly cause: LogLine })
        .find(({ cause }) => cause["member"] === member);
    await expect.poll(sweep, WAIT).toMatchObject({ cause: { member, currency: "PTS" } });
    await expect
      .poll(() => logged(String(sweep()?.["correlationId"])), WAIT)
      .toEqual({
        "taem-relay": ["relayed"],
        "taem-ledger": ["projected"],
        "taem-scheduler": ["appended", "projected", "sweeping an account"],
      });
  });

  test("leaves no secret in spans or logs, and no name of a member that is the caller's", async () => {
    const key = await topology.key("leak");
    const headers = { authorization: `Bearer ${key}`, "x-correlation-id": randomUUID() };
    await topology.api.raw("GET", `${shop}/members/ext:${PHONE}/balance?currency=XXX`, undefined, headers);
    await spansOf(headers["x-correlation-id"].replaceAll("-", ""), 1);
    const spans = collector.bodies.map((body) => body.toString("latin1")).join();
    const logs = written.map(({ line }) => line).join();
    const password = new URL(String(topology.environment["DATABASE_URL"])).password;
    expect(password).not.toBe("");
    for (const secret of [key, COLLECTOR_KEY, password, PHONE]) {
      expect(spans.includes(secret)).toBe(false);
      expect(logs.includes(secret)).toBe(false);
    }
    expect(collector.headers.every((sent) => sent["x-collector-key"] === COLLECTOR_KEY)).toBe(true);
  });
});

describe("a process", () => {
  const noteOpenTelemetry = `import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith("@opentelemetry/")) process.stdout.write("loads " + specifier + "\\n");
        return next(specifier, context);
      },
    });`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(noteOpenTelemetry)}`;

  /** Starts one that says which parts of OpenTelemetry it loads, but for the bare interface, which prom-client brings. */
  async function startNoting(environment: Environment) {
    const loads: string[] = [];
    const program = await startProcess({ NODE_OPTIONS, ...environment }, (line) => {
      if (line.startsWith("loads ") && line !== "loads @opentelemetry/api") loads.push(line);
    });
    return { program, loads };
  }

  test("that no collector is set for loads nothing of OpenTelemetry", async () => {
    await using database = await createTestDatabase();
    const { program, loads } = await startNoting({ DATABASE_URL: database.url });
    await program[Symbol.asyncDispose]();
    expect(loads).toEqual([]);
  });

  test("whose collector never answers works, and stops within its limit", async () => {
    await using database = await createTestDatabase();
    await using collector = await startOtlpCollector({ silent: true });
    const { program, loads } = await startNoting({
      DATABASE_URL: database.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      TAEM_STOP_LIMIT: "6s",
    });
    expect(loads).toContain("loads @opentelemetry/sdk-trace");
    const answers = Array.from({ length: 50 }, () => fetch(`${program.url}/v1/programmes/none`));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(50).fill(401));
    await program[Symbol.asyncDispose]();
    // One that had to be abandoned would say 1.
    expect(program.exitCode).toBe(0);
    expect(collector.bodies).not.toEqual([]);
  });
});
