import { randomUUID } from "node:crypto";
import { type KafkaCluster, kafkaCluster } from "@taem/kafka";
import { createLogger } from "@taem/runtime";
import { expect, test } from "vitest";
import type { Api } from "../support/api.ts";
import { sharedKafka } from "../support/kafka/kafka.ts";
import { createInstallation, type TestInstallation, type TestProgram } from "../support/program.ts";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "../support/programme.ts";
import { bookOf, expectAgreement } from "../support/read-model.ts";
import { describeWith } from "../support/requirement.ts";

// Failures: a read model that lost events because Kafka did, and nobody noticed; points counted twice because Kafka brought
// them twice; a projector that dies of a message which somebody else sent.

const PTS = { currency: "PTS" };
const MEMBERS = 30;
const SHOP = "/v1/programmes/shop";
const WAIT = { timeout: 60_000, interval: 50 };

/** An installation whose events come by a topic of its own. */
class KafkaInstallation implements AsyncDisposable {
  readonly topic: string;
  readonly cluster: KafkaCluster;
  readonly #installation: TestInstallation;
  /** By member: what the last answer said of it. */
  readonly #last = new Map<string, { readonly token: string; readonly book: string }>();
  readonly #random = seeded(7);
  members: readonly string[] = [];

  private constructor(installation: TestInstallation, topic: string, cluster: KafkaCluster) {
    this.#installation = installation;
    this.topic = topic;
    this.cluster = cluster;
  }

  static async open(brokers: string): Promise<KafkaInstallation> {
    const topic = `taem.hostile.${randomUUID()}`;
    const logger = createLogger({ service: "test", level: "silent" });
    const cluster = kafkaCluster({ brokers: brokers.split(","), clientId: "hostile", logger });
    const environment = { KAFKA_BROKERS: brokers, TAEM_KAFKA_TOPIC: topic, TAEM_KAFKA_PARTITIONS: "3" };
    return new KafkaInstallation(await createInstallation(environment), topic, cluster);
  }

  start(services: string): Promise<TestProgram> {
    return this.#installation.start({ services });
  }

  async define(api: Api): Promise<void> {
    await defineProgramme(api, "shop");
    this.members = await enrolMany(api, "shop", "member", MEMBERS);
  }

  /** Earns and burns of every member, one after the other. */
  async trade(api: Api, name: string, rounds = 3): Promise<void> {
    await Promise.all(
      this.members.map(async (member) => {
        for (let round = 0; round < rounds; round++) {
          const points = String(this.#random(50) + 1);
          for (const operation of ["earn", "burn"].slice(0, this.#random(3) === 0 ? 2 : 1)) {
            const body = { ...PTS, points, source: source(`${name}-${round}`, operation) };
            const answer = await succeeds(api.post(`${SHOP}/members/${member}/${operation}`, body));
            this.#last.set(member, { token: String(answer.body.token), book: answer.body.balance.book });
          }
        }
      }),
    );
  }

  /** Every member's last answer is in the read models, and they are what the log makes of them. */
  async expectAgreement(api: Api): Promise<void> {
    for (const [member, { token, book }] of this.#last) {
      expect(await bookOf(api, `${SHOP}/members/${member}`, token)).toBe(BigInt(book));
    }
    await expectAgreement(this.#installation.url);
  }

  async send(
    messages: readonly { readonly partition: number; readonly value: Buffer | null }[],
  ): Promise<void> {
    const producer = this.cluster.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    await producer.send({ topic: this.topic, messages: [...messages] });
    await producer.disconnect();
  }

  /** Every message of the topic, as it lies there. */
  async messages(): Promise<{ partition: number; value: Buffer | null }[]> {
    const ends = await this.asAdmin((admin) => admin.fetchTopicOffsets(this.topic));
    const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    const found: { partition: number; value: Buffer | null }[] = [];
    const all = Promise.withResolvers<void>();
    const consumer = this.cluster.consumer({ groupId: `reader.${randomUUID()}` });
    await consumer.connect();
    await consumer.subscribe({ topic: this.topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { value } }) => {
        found.push({ partition, value });
        if (found.length >= wanted) all.resolve();
      },
    });
    await all.promise;
    await consumer.disconnect();
    return found;
  }

  async asAdmin<T>(work: (admin: ReturnType<KafkaCluster["admin"]>) => Promise<T>): Promise<T> {
    const admin = this.cluster.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Takes away every message that is in the topic now. */
  async deleteRecords(): Promise<void> {
    await this.asAdmin(async (admin) => {
      const partitions = (await admin.fetchTopicOffsets(this.topic)).map(({ partition, high }) => ({
        partition,
        offset: high,
      }));
      await admin.deleteTopicRecords({ topic: this.topic, partitions });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#installation[Symbol.asyncDispose]();
  }
}

/** Waits until the relay has told Kafka of all there is. */
async function relayed({ platform }: TestProgram): Promise<void> {
  const head = await platform.store.head();
  const position = async () => {
    const { rows } = await platform.database.query<{ position: string }>(
      "SELECT position FROM taem_relay.state",
    );
    return (rows[0]?.position ?? "") >= head;
  };
  await expect.poll(position, WAIT).toBe(true);
}

describeWith("a projector", "kafka", await sharedKafka(), ({ brokers }) => {
  test("whose records were deleted before it read them has them from the store", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using writer = await installation.start("commands,relay");
    await installation.define(writer.api);
    {
      await using ledger = await installation.start("ledger");
      await installation.trade(writer.api, "before");
      await installation.expectAgreement(ledger.api);
    }
    await installation.trade(writer.api, "unseen");
    await relayed(writer);
    await installation.deleteRecords();
    await using ledger = await installation.start("ledger");
    await installation.expectAgreement(ledger.api);
    await installation.trade(writer.api, "after");
    await installation.expectAgreement(ledger.api);
  });

  test.each([
    ["its beginning", true],
    ["its end", false],
  ])(
    "whose consumer group was set to %s of the topic misses nothing and counts nothing twice",
    async (_, earliest) => {
      await using installation = await KafkaInstallation.open(brokers);
      await using writer = await installation.start("commands,relay");
      await installation.define(writer.api);
      {
        await using ledger = await installation.start("ledger");
        await installation.trade(writer.api, "before");
        await installation.expectAgreement(ledger.api);
      }
      await installation.trade(writer.api, "unseen");
      await relayed(writer);
      const groupId = `${installation.topic}.ledger`;
      await installation.asAdmin((admin) =>
        admin.resetOffsets({ groupId, topic: installation.topic, earliest }),
      );
      await using ledger = await installation.start("ledger");
      await installation.expectAgreement(ledger.api);
    },
  );

  test("that everything is sent to twice counts it once, and what is none of its log's it leaves out, loudly", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api, errors } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    await relayed(program);
    const messages = await installation.messages();
    await installation.send(messages);
    await installation.send(messages.toReversed());
    await installation.trade(api, "between");
    expect(errors).toEqual([]);

    const [genuine] = messages;
    const bytes = genuine?.value as Buffer;
    const garbage = [
      null,
      Buffer.alloc(0),
      Buffer.from("{}"),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
    ];
    await installation.send(garbage.map((value) => ({ partition: 1, value })));
    // In the wrong place.
    await installation.send([{ partition: ((genuine?.partition ?? 0) + 1) % 3, value: bytes }]);
    await expect.poll(() => errors.length, WAIT).toBeGreaterThan(0);
    await installation.trade(api, "after");
    await installation.expectAgreement(api);
    expect(errors.every((error) => error.startsWith("messages that are not of this log were left out"))).toBe(
      true,
    );
  });

  test("is not misled by the messages of another installation", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using other = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    await using stranger = await other.start("commands,relay");
    for (const [one, { api }] of [
      [installation, program],
      [other, stranger],
    ] as const) {
      await one.define(api);
      await one.trade(api, "before");
    }
    await relayed(stranger);
    await installation.send(await other.messages());
    await expect.poll(() => program.errors.length, WAIT).toBeGreaterThan(0);
    await installation.trade(program.api, "after");
    await installation.expectAgreement(program.api);
  });

  test("goes on when its topic was deleted and made anew", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    const topic = installation.topic;
    await installation.asAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await installation.trade(api, "without");
    await installation.asAdmin((admin) =>
      admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true }),
    );
    await installation.trade(api, "after");
    await installation.expectAgreement(api);
  });
});
