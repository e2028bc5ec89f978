import { createLogger } from "@taem/runtime";
import { expect, test } from "vitest";
import { BatchTrail } from "../src/batch-trail.ts";
import type { Link } from "../src/event-source.ts";

/** A link whose correlation id may not be asked for. */
function linkOf(stream: string, correlation: () => string, type = "ClockSet"): Link {
  const record = { id: "1", type, stream, revision: 1, slice: 3, position: "7", recordedAt: 0 };
  const event = {
    record,
    isKnown: () => true,
    decode: () => {
      throw new Error("nobody asked");
    },
    actor: "test",
    causation: undefined,
    get correlation() {
      return correlation();
    },
  };
  return { slice: 3, position: "7", previous: "", event };
}

const sums = { name: "sums", handles: (type: string) => type === "ClockSet" };

function trailAt(level: "debug" | "info") {
  const lines: string[] = [];
  const logger = createLogger({ service: "s", level, destination: { write: (line) => lines.push(line) } });
  const trail = new BatchTrail(sums, logger.child({ projection: "sums" }), undefined);
  return { trail, lines };
}

test("at level debug every event of a batch that means something is said to be projected, or to be left out with its stream", async () => {
  const { trail, lines } = trailAt("debug");
  const links = [
    linkOf("a", () => "c-1"),
    linkOf("parked", () => "c-2"),
    linkOf("a", () => "c-3", "MeansNothingHere"),
    { slice: 4, position: "8", previous: "" },
  ];
  await trail.follow(
    links,
    async () => undefined,
    (stream) => stream === "parked",
  );
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { correlationId: "c-1", projection: "sums", stream: "a", position: "7", msg: "projected" },
    { correlationId: "c-2", msg: "not projected, since its stream is parked" },
  ]);
});

test("a batch that was not applied is not said to be", async () => {
  const { trail, lines } = trailAt("debug");
  const failing = trail.follow(
    [linkOf("a", () => "c-1")],
    () => Promise.reject(new Error("gone")),
    () => false,
  );
  await expect(failing).rejects.toThrow("gone");
  expect(lines).toEqual([]);
});

test("above level debug nothing of an event is looked up", async () => {
  const { trail } = trailAt("info");
  const forbidden = () => {
    throw new Error("nobody asked");
  };
  await trail.follow([linkOf("a", forbidden)], async () => undefined, forbidden);
});
