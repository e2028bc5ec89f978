import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { createLogger, createMetrics } from "@taem/runtime";
import { createCatalogue } from "@taem/schema";
import { expect, test, vi } from "vitest";
import type { KafkaCluster } from "../src/cluster.ts";
import { kafkaSource } from "../src/kafka-source.ts";
import { LinkCodec } from "../src/link-codec.ts";

const TOPIC = { name: "events", partitions: 1 };
const SOON = { timeout: 10_000 };

/** What a cluster does with each consumer that is made, in turn; the last as all that follow. */
type Meeting = "refuses its session" | "has no such topic" | "answers";

/** A cluster that only meets consumers, and notes how long their sessions were to be. */
function clusterThat(...meetings: readonly Meeting[]) {
  const sessions: number[] = [];
  const consumer = ({ sessionTimeout }: { sessionTimeout: number }) => {
    const meeting = meetings[Math.min(sessions.length, meetings.length - 1)];
    sessions.push(sessionTimeout);
    const heard = new Map<string, (event: object) => void>();
    return {
      on: (name: string, listener: (event: object) => void) => heard.set(name, listener),
      connect: async () => {},
      disconnect: async () => {},
      subscribe: async () => {
        if (meeting === "has no such topic")
          throw Object.assign(new Error("This server does not host this topic-partition"), {
            type: "UNKNOWN_TOPIC_OR_PARTITION",
          });
      },
      run: async () => {
        const error = Object.assign(new Error("The session timeout is not within the range allowed"), {
          type: "INVALID_SESSION_TIMEOUT",
        });
        if (meeting === "refuses its session") heard.get("consumer.crash")?.({ payload: { error } });
        else heard.get("consumer.fetch")?.({ payload: {} });
      },
    };
  };
  return { sessions, cluster: { consumer } as unknown as KafkaCluster };
}

function sourceOn(cluster: KafkaCluster) {
  const key = createSecretKey(randomBytes(32));
  const codec = new LinkCodec({
    catalogue: createCatalogue([]),
    installation: randomUUID(),
    key,
    topic: TOPIC.name,
  });
  const logger = createLogger({ service: "test", level: "silent" });
  const store = { read: async () => [], head: async () => "" };
  return kafkaSource({ cluster, topic: TOPIC, group: "g", codec, store, logger, metrics: createMetrics() });
}

/** Reads until disposed. */
function reading(source: ReturnType<typeof sourceOn>): AsyncDisposable {
  const abort = new AbortController();
  const options = { checkpoints: new Map(), limit: 10, signal: abort.signal };
  const ended = (async () => {
    for await (const _ of source.read(options));
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      await ended;
    },
  };
}

test("where the brokers refuse a short session, members have one that every broker takes", async () => {
  const { cluster, sessions } = clusterThat("refuses its session", "answers");
  const source = sourceOn(cluster);
  await using _ = reading(source);
  await vi.waitFor(() => expect(sessions).toHaveLength(2), SOON);
  expect(sessions[0]).toBeLessThan(6_000);
  expect(sessions[1]).toBe(6_000);
});

test("while there is no topic the source says so, since when, and no more once a fetch was answered", async () => {
  const { cluster, sessions } = clusterThat("has no such topic", "has no such topic", "answers");
  const source = sourceOn(cluster);
  expect(source.outage?.()).toBeUndefined();
  await using _ = reading(source);
  await vi.waitFor(() => expect(sessions).toHaveLength(1), SOON);
  await vi.waitFor(() => expect(source.outage?.()?.reason).toContain("there is no topic events"), SOON);
  const began = source.outage?.()?.since;
  await vi.waitFor(() => expect(sessions).toHaveLength(2), SOON);
  expect(source.outage?.()?.since).toBe(began);
  await vi.waitFor(() => expect(source.outage?.()).toBeUndefined(), SOON);
});
