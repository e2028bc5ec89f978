import { randomBytes } from "node:crypto";
import { catalogueOf } from "@taem/host";
import { LinkCodec, type Message } from "@taem/kafka";
import { decodeEnvelope, encodeEnvelope } from "@taem/schema/avro";
import { contexts } from "@taem/taem-service";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation, relayed, type TopicMessage } from "@taem/testing/kafka-installation";
import type { TestProgram } from "@taem/testing/program";
import { seeded } from "@taem/testing/programme";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failures: somebody who can write to the topic, or a damaged disk, has read models lose or invent events, and nobody notices;
// a reader that believes a position which the log does not have waits there for ever.

const WAIT = { timeout: 60_000, interval: 100 };
const PARTITIONS = 3;
const COPIES = 10_000;
const BETWEEN_TRADES = 500;

type Reason = "unsealed" | "forged" | "misplaced" | "beyond_log";
type Forgery = (genuine: TopicMessage) => readonly [Reason | undefined, TopicMessage];

const random = seeded(11);

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = random(bytes.length);
  changed[at] = (changed[at] as number) ^ (1 << random(8));
  return changed;
}

/** What somebody makes of a genuine message who has everything but the key. */
const forgeries: readonly Forgery[] = [
  (genuine) => ["forged", { ...genuine, value: flipped(genuine.value as Buffer) }],
  (genuine) => {
    const seal = genuine.headers?.["seal"] as Buffer;
    return ["forged", { ...genuine, headers: { ...genuine.headers, seal: flipped(seal) } }];
  },
  (genuine) => {
    const value = genuine.value as Buffer;
    return ["forged", { ...genuine, value: value.subarray(0, random(value.length)) }];
  },
  (genuine) => {
    const more = randomBytes(1 + random(9));
    return ["forged", { ...genuine, value: Buffer.concat([genuine.value as Buffer, more]) }];
  },
  (genuine) => ["forged", { ...genuine, value: null }],
  (genuine) => ["forged", { ...genuine, value: reencoded(genuine) }],
  (genuine) => ["unsealed", { partition: genuine.partition, value: reencoded(genuine) }],
  (genuine) => {
    const landmark = `7 ${crypto.randomUUID()} taem.account-7`;
    return ["forged", { ...genuine, headers: { ...genuine.headers, landmark } }];
  },
  (genuine) => ["misplaced", { ...genuine, partition: (genuine.partition + 1) % PARTITIONS }],
  // It is true, and was told before.
  (genuine) => [undefined, genuine],
];

/** Says something else, in the form of a message. */
function reencoded({ value }: TopicMessage): Buffer {
  const envelope = decodeEnvelope(value as Buffer);
  const { event, position, previous } = envelope;
  const moved = String(BigInt(position) + BigInt(1 + random(50))).padStart(position.length, "0");
  const changes = [
    { position: moved },
    { position: "zzz" },
    { previous: position },
    { previous: `${previous}0` },
    { slice: (envelope.slice + PARTITIONS) % 63 },
    ...(event === undefined ? [] : [{ event: { ...event, type: otherType(event.type) } }]),
    ...(event === undefined ? [] : [{ event: { ...event, revision: event.revision + 1 } }]),
    ...(event === undefined ? [] : [{ event: { ...event, data: flipped(event.data) } }]),
  ];
  return encodeEnvelope({ ...envelope, ...changes[random(changes.length)] });
}

function otherType(type: string): string {
  return type === "PointsBurned" ? "PointsEarned" : "PointsBurned";
}

function placed({ slice, value, headers }: Message): TopicMessage {
  return { partition: slice % PARTITIONS, value, headers };
}

/** By reason: what a process says it has left out. */
async function refused({ monitorUrl }: TestProgram): Promise<ReadonlyMap<string, number>> {
  const metrics = await (await fetch(`${monitorUrl}/metrics`)).text();
  const lines = metrics.matchAll(/^taem_kafka_refused_messages_total\{.*reason="(\w+)".*\} (\d+)$/gm);
  return new Map([...lines].map(([, reason = "", count]) => [reason, Number(count)]));
}

describeWith("a projector", "kafka", await sharedKafka(), ({ brokers }) => {
  test("believes none of 10,000 messages that are not as the relay has sent them, and counts each", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    const sent = new Map<string, number>();
    const send = async (messages: readonly (readonly [Reason | undefined, TopicMessage])[]) => {
      await installation.send(messages.map(([, message]) => message));
      for (const [reason] of messages)
        if (reason !== undefined) sent.set(reason, (sent.get(reason) ?? 0) + 1);
    };
    {
      await using program = await installation.start("commands,relay,ledger");
      const { api, platform } = program;
      await installation.define(api);
      await installation.trade(api, "before");
      await relayed(program);
      const genuine = await installation.messages();
      for (let copies = 0; copies < COPIES; copies += BETWEEN_TRADES) {
        const forged = Array.from({ length: BETWEEN_TRADES }, (_, i) => {
          const forge = forgeries[i % forgeries.length] as Forgery;
          return forge(genuine[random(genuine.length)] as TopicMessage);
        });
        await send(forged);
        await installation.trade(api, `between-${copies}`, 1);
      }
      await installation.expectRead(api);

      // Of another topic of the same installation, and by its own relay of a log that is no more.
      const codecOf = (topic: string) =>
        new LinkCodec({ ...platform, catalogue: catalogueOf(contexts), key: platform.kafkaKey, topic });
      const head = await platform.store.head();
      const ahead = String(BigInt(head) + 1_000n).padStart(head.length, "0");
      const slices = Array.from({ length: 64 }, (_, slice) => slice);
      const elsewhere = codecOf(`${installation.topic}.2`);
      const here = codecOf(installation.topic);
      await send(
        slices.flatMap((slice) => {
          const mark = { slice, position: head, previous: head };
          return [
            ["forged", placed(elsewhere.encodeWatermark(mark))] as const,
            ["beyond_log", placed(here.encodeWatermark({ ...mark, position: ahead }))] as const,
            [
              "beyond_log",
              placed(here.encodeWatermark({ ...mark, position: `${head.slice(0, -1)}:` })),
            ] as const,
          ];
        }),
      );
      await installation.trade(api, "after");
      await installation.expectAgreement(api);
      const counted = async () => {
        const found = await refused(program);
        return [...sent].filter(([reason, count]) => (found.get(reason) ?? 0) < count);
      };
      await expect.poll(counted, WAIT).toEqual([]);
      const left = "messages that are not of this log were left out";
      expect(program.errors.filter((error) => !error.startsWith(left))).toEqual([]);
      // Once a minute of each reason, however many there are.
      expect(program.errors.length).toBeLessThan(100);
    }
    await using again = await installation.start("commands,relay,ledger,scheduler");
    await installation.trade(again.api, "again");
    await installation.expectAgreement(again.api);
  });

  test("leaves out what a relay of an earlier version has sent, and has it from the store", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using writer = await installation.start("commands,relay");
    await installation.define(writer.api);
    await installation.trade(writer.api, "before");
    await relayed(writer);
    const sealed = await installation.messages();
    await installation.deleteRecords();
    await installation.send(sealed.map(({ partition, value }) => ({ partition, value })));
    await using ledger = await installation.start("ledger");
    await installation.expectAgreement(ledger.api);
    expect((await refused(ledger)).get("unsealed")).toBeGreaterThan(0);
    await installation.trade(writer.api, "after");
    await installation.expectAgreement(ledger.api);
  });
});
