import { randomUUID } from "node:crypto";
import type { AnyContext } from "@taem/host";
import { parseToken, type Token } from "@taem/http";
import { type KafkaCluster, kafkaCluster, type MessageHeaders } from "@taem/kafka";
import { openPool } from "@taem/postgres";
import { createLogger, type Environment } from "@taem/runtime";
import { expect } from "vitest";
import type { Answer, Api } from "./api.ts";
import { clientKey } from "./client-key.ts";
import { createInstallation, type TestInstallation, type TestProgram } from "./program.ts";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "./programme.ts";
import { bookOf, expectAgreement } from "./read-model.ts";

const PTS = { currency: "PTS" };
const MEMBERS = 30;
const SHOP = "/v1/programmes/shop";
const PARTITIONS = 3;
const WAIT = { timeout: 60_000, interval: 50 };

const SENT_AT_ONCE = 500;

/** As it lies in a topic. */
export interface TopicMessage {
  readonly partition: number;
  readonly value: Buffer | null;
  readonly headers?: MessageHeaders;
}

/** An installation whose events come by a topic of its own. */
export class KafkaInstallation implements AsyncDisposable {
  readonly topic: string;
  /** For a process on it. */
  readonly environment: Environment;
  readonly cluster: KafkaCluster;
  readonly #installation: TestInstallation;
  /** By member: what the last answer said of it. */
  readonly #last = new Map<string, { readonly token: string; readonly book: string }>();
  readonly #random = seeded(7);
  members: readonly string[] = [];

  private constructor(
    installation: TestInstallation,
    topic: string,
    environment: Environment,
    cluster: KafkaCluster,
  ) {
    this.environment = { ...environment, DATABASE_URL: installation.url };
    this.#installation = installation;
    this.topic = topic;
    this.cluster = cluster;
  }

  static async open(brokers: string, topic = `taem.hostile.${randomUUID()}`): Promise<KafkaInstallation> {
    const logger = createLogger({ service: "test", level: "silent" });
    const cluster = kafkaCluster({ brokers: brokers.split(","), clientId: "hostile", logger });
    const environment = {
      KAFKA_BROKERS: brokers,
      TAEM_KAFKA_TOPIC: topic,
      TAEM_KAFKA_PARTITIONS: String(PARTITIONS),
    };
    return new KafkaInstallation(await createInstallation(environment), topic, environment, cluster);
  }

  start(services: string, contexts?: readonly AnyContext[]): Promise<TestProgram> {
    return this.#installation.start({ services, ...(contexts !== undefined && { contexts }) });
  }

  /** After a statement was executed in the database. */
  async startAfter(services: string, statement: string): Promise<TestProgram> {
    await using database = openPool({ url: this.#installation.url, max: 1, applicationName: "test" });
    await database.query(statement);
    return this.start(services);
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

  /** The token of a key with every permission. */
  key({ platform }: TestProgram): Promise<string> {
    return clientKey(platform.store, "reader");
  }

  /** The slice of a member who has traded. */
  sliceOf(member: string): number {
    return (parseToken(this.#lastOf(member).token) as Token).places[0]?.slice as number;
  }

  /** Every member's last answer is in the read models; only that of some, if they are named. */
  async expectRead(api: Api, isNamed: (member: string) => boolean = () => true): Promise<void> {
    for (const [member, { token, book }] of this.#last) {
      if (!isNamed(member)) continue;
      expect(await bookOf(api, `${SHOP}/members/${member}`, token)).toBe(BigInt(book));
    }
  }

  /** What the read model says to who wants a member's last answer in it. */
  lastRead(api: Api, member: string): Promise<Answer> {
    const token = encodeURIComponent(this.#lastOf(member).token);
    return api.get(`${SHOP}/members/${member}/balance?currency=PTS&token=${token}`);
  }

  #lastOf(member: string): { readonly token: string; readonly book: string } {
    const last = this.#last.get(member);
    if (last === undefined) throw new Error(`${member} has not traded`);
    return last;
  }

  /** Besides, they are what the log makes of them. */
  async expectAgreement(api: Api): Promise<void> {
    await this.expectRead(api);
    await expectAgreement(this.#installation.url);
  }

  async send(messages: readonly TopicMessage[]): Promise<void> {
    const producer = this.cluster.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    for (let from = 0; from < messages.length; from += SENT_AT_ONCE)
      await producer.send({ topic: this.topic, messages: messages.slice(from, from + SENT_AT_ONCE) });
    await producer.disconnect();
  }

  /** Every message of the topic, as it lies there. */
  async messages(): Promise<TopicMessage[]> {
    const ends = await this.asAdmin((admin) => admin.fetchTopicOffsets(this.topic));
    const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    const found: TopicMessage[] = [];
    const all = Promise.withResolvers<void>();
    const consumer = this.cluster.consumer({ groupId: `reader.${randomUUID()}` });
    await consumer.connect();
    await consumer.subscribe({ topic: this.topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { value, headers } }) => {
        found.push({ partition, value, headers: { ...headers } });
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
export async function relayed({ platform }: TestProgram): Promise<void> {
  const head = await platform.store.head();
  const position = async () => {
    const { rows } = await platform.database.query<{ position: string }>(
      "SELECT position FROM taem_relay.state",
    );
    return (rows[0]?.position ?? "") >= head;
  };
  await expect.poll(position, WAIT).toBe(true);
}
