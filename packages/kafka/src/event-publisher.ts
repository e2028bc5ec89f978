import type { KafkaJSProtocolError, Producer } from "kafkajs";
import type { KafkaCluster } from "./cluster.ts";
import { partitionOf, type Topic } from "./topic.ts";

/** What one slice is told, as bytes. */
export interface Message {
  readonly slice: number;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string | Buffer>>;
  /** What to send in its place where the brokers do not take it for its size. */
  readonly instead?: () => Message;
}

/** Of some of the messages it is not known whether they have arrived. */
export class SendIncomplete extends Error {
  readonly code = "send_incomplete";
}

/** The brokers' limit for what one partition gets at once is a megabyte unless set otherwise. */
const MAX_BYTES = 512 * 1_024;
const ACKNOWLEDGED_BY_ALL_IN_SYNC = -1;
const TOO_LARGE: readonly unknown[] = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"];

/**
 * Sends messages, one request at a time and each in the order given. After a failure it is unknown what has arrived:
 * close the publisher and begin again, with another, where everything was known to have arrived.
 */
export class EventPublisher implements AsyncDisposable {
  readonly #producer: Producer;
  readonly #topic: Topic;

  private constructor(producer: Producer, topic: Topic) {
    this.#producer = producer;
    this.#topic = topic;
  }

  static async connect(cluster: KafkaCluster, topic: Topic): Promise<EventPublisher> {
    const producer = cluster.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    return new EventPublisher(producer, topic);
  }

  /** Resolves when every message, or what is sent in its place, is with all replicas in sync. */
  async publish(messages: readonly Message[]): Promise<void> {
    for (const batch of inBytes(messages, MAX_BYTES)) await this.#sendInParts(batch);
  }

  /**
   * Halves what the brokers refuse for its size until what is too large stands alone. Other partitions may have taken their share
   * of what was refused, and get it again, in its order.
   */
  async #sendInParts(messages: readonly Message[]): Promise<void> {
    try {
      await this.#send(messages);
    } catch (error) {
      if (!TOO_LARGE.includes((error as Partial<KafkaJSProtocolError>).type)) throw error;
      const [first, ...others] = messages;
      if (others.length > 0) {
        const half = Math.ceil(messages.length / 2);
        await this.#sendInParts(messages.slice(0, half));
        await this.#sendInParts(messages.slice(half));
      } else if (first?.instead !== undefined) await this.#send([first.instead()]);
      else throw error;
    }
  }

  async #send(messages: readonly Message[]): Promise<void> {
    const partitioned = messages.map(({ slice, value, headers }) => ({
      partition: partitionOf(slice, this.#topic),
      value,
      headers,
    }));
    const answers = await this.#producer.send({
      topic: this.#topic.name,
      acks: ACKNOWLEDGED_BY_ALL_IN_SYNC,
      messages: partitioned,
    });
    // Where a partition moves to another broker meanwhile, the client can leave it out and say nothing.
    const stored = new Set(
      answers.filter(({ errorCode }) => errorCode === 0).map(({ partition }) => partition),
    );
    const missing = partitioned.find(({ partition }) => !stored.has(partition));
    if (missing === undefined) return;
    throw new SendIncomplete(`the brokers did not say that partition ${missing.partition} was written`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.disconnect();
  }
}

function* inBytes(messages: readonly Message[], limit: number): Generator<readonly Message[]> {
  let first = 0;
  let bytes = 0;
  for (const [i, { value }] of messages.entries()) {
    if (bytes + value.length > limit && i > first) {
      yield messages.slice(first, i);
      first = i;
      bytes = 0;
    }
    bytes += value.length;
  }
  if (first < messages.length) yield messages.slice(first);
}
