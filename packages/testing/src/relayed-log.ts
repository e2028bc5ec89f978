import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import {
  ensureTopic,
  type KafkaCluster,
  kafkaCluster,
  kafkaSource,
  LinkCodec,
  Relay,
  relayMigrations,
  type Topic,
} from "@taem/kafka";
import { member as memberCategory, memberStream } from "@taem/member/events";
import { type Database, migrate, openPool } from "@taem/postgres";
import type { EventSource } from "@taem/processing";
import { createMetrics, type Metrics, systemClock } from "@taem/runtime";
import { createCatalogue } from "@taem/schema";
import { type CollectingLogger, collectingLogger } from "./collecting-logger.ts";
import { openTestStore } from "./test-store.ts";

/** A log whose events a relay tells to a topic of its own. */
export interface RelayedLog extends AsyncDisposable {
  readonly store: EventStore;
  readonly database: Database;
  readonly cluster: KafkaCluster;
  readonly topic: Topic;
  readonly installation: string;
  readonly logs: CollectingLogger;
  readonly metrics: Metrics;
  /** Reads the topic as one consumer group. */
  source(group?: string): EventSource;
  /** Another relay on the same log and topic; stopped with the log. */
  startRelay(): Promise<Relay>;
  /** Appends so many events to a slice; each carries some text. */
  append(slice: number, count: number, text?: string): Promise<void>;
}

const PARTITIONS = 5;

export async function openRelayedLog(brokers: string): Promise<RelayedLog> {
  await using undo = new AsyncDisposableStack();
  const { url, store } = undo.use(await openTestStore());
  const database = undo.use(openPool({ url, max: 4, applicationName: "relay-test" }));
  await migrate(database, "relay", relayMigrations);
  const logs = collectingLogger();
  const { logger } = logs;
  const cluster = kafkaCluster({ brokers: brokers.split(","), clientId: "taem-test", logger });
  const topic = { name: `taem.test.${randomUUID()}`, partitions: PARTITIONS };
  await ensureTopic(cluster, { ...topic, replicationFactor: 1, retentionMs: 3_600_000 });
  const installation = randomUUID();
  const platform = {
    store,
    database,
    cluster,
    topic,
    installation,
    codec: new LinkCodec({
      catalogue: createCatalogue([memberCategory]),
      installation,
      key: createSecretKey(randomBytes(32)),
      topic: topic.name,
    }),
    logger,
    metrics: createMetrics(),
    clock: systemClock,
  };
  const started = undo.move();
  const revisions = new Map<number, number>();
  return {
    ...platform,
    logs,
    source: (group = "test") => kafkaSource({ ...platform, group: `${topic.name}.${group}` }),
    async startRelay() {
      const relay = new Relay(platform);
      await relay.start();
      started.defer(() => relay.stop());
      return relay;
    },
    async append(slice, count, text = "p") {
      const stream = memberStream(`s${slice}`);
      const expectedRevision = revisions.get(slice) ?? 0;
      revisions.set(slice, expectedRevision + count);
      const events = Array.from({ length: count }, () => enrolment(`s${slice}`, text));
      const [result] = await store.append([{ stream, slice, expectedRevision, events }]);
      if (result?.ok !== true) throw new Error(`conflict on ${stream}`);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function enrolment(member: string, programme: string) {
  const event = { type: "MemberEnrolled", programme, member, enrolledAt: 0 } as const;
  const meta = memberCategory.events.encodeMeta(event.type, { actor: "test", correlation: "test" });
  return { id: randomUUID(), type: event.type, data: memberCategory.events.encode(event), meta };
}
