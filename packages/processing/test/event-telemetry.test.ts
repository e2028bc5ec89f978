import { createLogger } from "@taem/runtime";
import { expect, test } from "vitest";
import type { LinkedEvent } from "../src/event-source.ts";
import { EventTelemetry } from "../src/event-telemetry.ts";

/** An event whose provenance may not be asked for. */
function eventOf(stream: string, correlation: () => string): LinkedEvent {
  const record = { id: "1", type: "ClockSet", stream, revision: 1, slice: 3, position: "7", recordedAt: 0 };
  return {
    record,
    isKnown: () => true,
    decode: () => {
      throw new Error("nobody asked");
    },
    get provenance() {
      return { actor: "test", correlation: correlation() };
    },
  };
}

function telemetryAt(level: "debug" | "info") {
  const lines: string[] = [];
  const logger = createLogger({ service: "s", level, destination: { write: (line) => lines.push(line) } });
  const telemetry = new EventTelemetry({ name: "pass", kind: "internal", attributes: {} }, { logger });
  return { telemetry, lines };
}

const events = () => [eventOf("a", () => "c-1"), eventOf("parked", () => "c-2")];
const passing = {
  attributes: {},
  message: ({ record }: LinkedEvent) => (record.stream === "parked" ? "left out" : "passed"),
};

test("at level debug a line says of every event what became of it", async () => {
  const { telemetry, lines } = telemetryAt("debug");
  expect(await telemetry.follow(events, async () => "done", passing)).toBe("done");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { correlationId: "c-1", stream: "a", position: "7", msg: "passed" },
    { correlationId: "c-2", msg: "left out" },
  ]);
});

test("a batch that has failed is not said to have passed", async () => {
  const { telemetry, lines } = telemetryAt("debug");
  const failing = telemetry.follow(events, () => Promise.reject(new Error("gone")), passing);
  await expect(failing).rejects.toThrow("gone");
  expect(lines).toEqual([]);
});

test("above level debug nothing of an event is looked up", async () => {
  const { telemetry } = telemetryAt("info");
  const forbidden = () => {
    throw new Error("nobody asked");
  };
  await telemetry.follow(forbidden, async () => undefined, { attributes: {}, message: forbidden });
});
