import type { EventStore } from "@taem/event-store";
import { EventPublisher, type KafkaCluster, SendIncomplete } from "@taem/kafka";
import { SLICES } from "@taem/kernel";
import { judge, type Link, linksBetween } from "@taem/processing";
import { ownKafka, sharedKafka } from "@taem/testing/kafka/kafka";
import { openRelayedLog, type RelayedLog } from "@taem/testing/relayed-log";
import { describeWith } from "@taem/testing/requirement";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

// Failures: an event that no projector ever gets, because a relay died, was replaced, or believed too early that Kafka had it;
// two relays that each think they lead.

const WAIT = { timeout: 60_000, interval: 50 };
/** As Kafka numbers them. */
const TOPIC_RESOURCE = 2;

/** A reader of every slice that takes what the chain says, and counts what was missing. */
class Reader implements AsyncDisposable {
  readonly events: string[] = [];
  gaps = 0;
  repetitions = 0;
  readonly #checkpoints = new Map<number, string>();
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;
  readonly #store: EventStore;

  constructor(log: RelayedLog) {
    this.#store = log.store;
    const options = { checkpoints: this.#checkpoints, limit: 500, signal: this.#abort.signal };
    this.#reading = (async () => {
      for await (const { links } of log.source().read(options))
        for (const link of links) await this.#take(link);
    })();
  }

  async #take(link: Link): Promise<void> {
    const checkpoint = this.#checkpoints.get(link.slice) ?? "";
    const verdict = judge(link, checkpoint);
    if (verdict === "ignore" && link.event !== undefined) this.repetitions++;
    if (verdict === "gap") {
      this.gaps++;
      const [from, to] = [new Map([[link.slice, checkpoint]]), new Map([[link.slice, link.previous]])];
      for await (const links of linksBetween(this.#store, from, to, 500, this.#abort.signal)) {
        for (const missing of links) await this.#take(missing);
      }
    }
    if (verdict === "ignore") return;
    this.#checkpoints.set(link.slice, link.position);
    if (link.event !== undefined) this.events.push(link.event.record.id);
  }

  /** Has every event of the log, once. */
  async hasAll(): Promise<void> {
    const ids = (await wholeLog(this.#store)).map(({ id }) => id);
    await expect.poll(() => this.events.length, WAIT).toBe(ids.length);
    expect(this.events.toSorted()).toEqual(ids.toSorted());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }
}

async function trade({ append }: RelayedLog, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) await append((round * 7) % SLICES, 1 + (round % 3));
}

const leads = ({ logs }: RelayedLog) => logs.lines.filter((line) => line.startsWith("relay leads")).length;

describeWith("a relay", "kafka", await sharedKafka(), ({ brokers }) => {
  test("that waits takes over when the one that leads has stopped", async () => {
    await using log = await openRelayedLog(brokers);
    await using reader = new Reader(log);
    const first = await log.startRelay();
    await trade(log, 50);
    await reader.hasAll();
    await log.startRelay();
    expect(leads(log)).toBe(1);
    await first.stop();
    await trade(log, 50);
    await reader.hasAll();
    expect([leads(log), reader.gaps]).toEqual([2, 0]);
  });

  test("that was replaced while it lives notices, and whatever both have sent, nothing is lost or doubled", async () => {
    await using log = await openRelayedLog(brokers);
    await using reader = new Reader(log);
    await log.startRelay();
    await log.startRelay();
    for (let round = 0; round < 5; round++) {
      await trade(log, 20);
      // As if another had led while this one was held, and died.
      await log.database.query("UPDATE taem_relay.state SET epoch = epoch + 1, leased_until = '-infinity'");
    }
    await reader.hasAll();
    await expect.poll(() => leads(log), WAIT).toBeGreaterThan(1);
    expect(reader.gaps).toBe(0);
  });

  test("that has lost its checkpoint says everything again, and nobody counts it twice", async () => {
    await using log = await openRelayedLog(brokers);
    await using reader = new Reader(log);
    const relay = await log.startRelay();
    await trade(log, 40);
    await reader.hasAll();
    await relay.stop();
    await log.database.query("DELETE FROM taem_relay.state");
    await log.startRelay();
    await trade(log, 10);
    await reader.hasAll();
    const told = (await wholeLog(log.store)).length;
    await expect.poll(() => reader.repetitions, WAIT).toBeGreaterThan(told / 2);
  });

  test("refuses to start where the event store has lost what Kafka was told", async () => {
    await using log = await openRelayedLog(brokers);
    await log.database.query(
      `INSERT INTO taem_relay.state (topic, epoch, leased_until, position, slices)
       VALUES ($1, 1, '-infinity', '9999999999999999', array_fill(''::text, ARRAY[${SLICES}]))`,
      [log.topic.name],
    );
    await expect(log.startRelay()).rejects.toMatchObject({ code: "checkpoint_beyond_head" });
  });

  test("sends a page that is larger than the brokers take at once", async () => {
    await using log = await openRelayedLog(brokers);
    await using reader = new Reader(log);
    await log.append(5, 400, "x".repeat(5_000));
    await log.startRelay();
    await reader.hasAll();
    expect(reader.gaps).toBe(0);
  });

  test("points at an event that is larger than the topic takes, and tells of all others", async () => {
    await using log = await openRelayedLog(brokers);
    await limitMessages(log, 20_000);
    await using reader = new Reader(log);
    await log.startRelay();
    await log.append(5, 3);
    // Of another partition, and of the same, before it and after it in one page.
    for (const text of ["p", "x".repeat(50_000), "p"]) await log.append(6, 1, text);
    await log.append(11, 2);
    await log.append(6, 3, "x".repeat(9_000));
    await reader.hasAll();
    expect(reader.gaps).toBeGreaterThan(0);
    const pointed = log.logs.complaints.filter((line) => line.startsWith("an event is larger"));
    expect(pointed.length).toBeGreaterThan(0);
    expect(pointed.every((line) => line.includes('"revision":2'))).toBe(true);
    expect(await log.metrics.exposition()).toMatch(
      /^taem_relay_pointed_events_total\{reason="too_large"\} [1-9]/m,
    );
    expect(leads(log)).toBe(1);
  });
});

/** As an operator may. */
async function limitMessages({ cluster, topic }: RelayedLog, bytes: number): Promise<void> {
  const admin = cluster.admin();
  await admin.connect();
  const configEntries = [{ name: "max.message.bytes", value: String(bytes) }];
  const resources = [{ type: TOPIC_RESOURCE, name: topic.name, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
  await admin.disconnect();
}

describeWith("a relay and its readers", "kafka", await ownKafka(), (kafka) => {
  test.each(["kill", "stop"] as const)(
    "go on after the broker's %s, and nothing is lost or doubled",
    async (how) => {
      const dataDir = await kafka.makeDataDir();
      let broker = await kafka.start({ dataDir });
      await using log = await openRelayedLog(broker.brokers);
      await using reader = new Reader(log);
      await log.startRelay();
      await trade(log, 50);
      await reader.hasAll();
      for (let round = 0; round < 2; round++) {
        await broker[how]();
        await trade(log, 30);
        broker = await kafka.start({ dataDir, port: broker.port });
        await trade(log, 30);
        await reader.hasAll();
      }
      await broker.stop();
    },
  );
});

test("a send counts only when the answer names every partition sent", async () => {
  const answers = [{ topicName: "t", partition: 0, errorCode: 0 }];
  const producer = { connect: async () => {}, disconnect: async () => {}, send: async () => answers };
  const cluster = { producer: () => producer } as unknown as KafkaCluster;
  await using publisher = await EventPublisher.connect(cluster, { name: "t", partitions: 2 });
  const message = (slice: number) => ({ slice, value: Buffer.of(1), headers: {} });
  await publisher.publish([message(0), message(2)]);
  await expect(publisher.publish([message(0), message(1)])).rejects.toThrow(SendIncomplete);
});
