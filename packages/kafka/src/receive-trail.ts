import { type Link, tracedEvents } from "@taem/processing";
import { type Tracer, traced } from "@taem/runtime";
import type { Topic } from "./topic.ts";

/** Tells of what one consumer group receives: a span for what came of a partition at once, until it is done with. */
export class ReceiveTrail {
  readonly #topic: Topic;
  readonly #group: string;
  readonly #tracer: Tracer | undefined;

  constructor(topic: Topic, group: string, tracer: Tracer | undefined) {
    this.#topic = topic;
    this.#group = group;
    this.#tracer = tracer;
  }

  follow<T>(partition: number, links: readonly Link[], work: () => Promise<T>): Promise<T> {
    return traced(this.#tracer, () => this.#work(partition, links), work);
  }

  #work(partition: number, links: readonly Link[]) {
    return {
      name: `receive ${this.#topic.name}`,
      kind: "consumer" as const,
      events: tracedEvents(links),
      attributes: {
        "messaging.system": "kafka",
        "messaging.operation.type": "receive",
        "messaging.destination.name": this.#topic.name,
        "messaging.destination.partition.id": String(partition),
        "messaging.consumer.group.name": this.#group,
        "messaging.batch.message_count": links.length,
      },
    };
  }
}
