import type { LogPage, RecordedEvent } from "@taem/event-store";
import { type Logger, type TracedEvent, type Tracer, traced } from "@taem/runtime";
import { decodeMeta } from "@taem/schema";
import type { Topic } from "../topic.ts";

/** What a relay says of the events it tells Kafka: a span for each page and, at level debug, a line for each event. */
export class RelayTrail {
  readonly #topic: Topic;
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;

  constructor(topic: Topic, logger: Logger, tracer: Tracer | undefined) {
    this.#topic = topic;
    this.#logger = logger;
    this.#tracer = tracer;
  }

  /** `publish` resolves when the brokers have the page; watermarks alone are not worth a word. */
  async follow(page: LogPage | undefined, publish: () => Promise<void>): Promise<void> {
    if (page === undefined) return await publish();
    await traced(this.#tracer, () => this.#work(page.events), publish);
    if (this.#logger.isDebug) for (const event of page.events) this.#say(event);
  }

  #work(events: readonly RecordedEvent[]) {
    return {
      name: `publish ${this.#topic.name}`,
      kind: "producer" as const,
      events: tracedEvents(events),
      attributes: {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": this.#topic.name,
        "messaging.batch.message_count": events.length,
      },
    };
  }

  #say({ meta, type, stream, revision, slice, position }: RecordedEvent): void {
    const { correlation: correlationId, causation } = decodeMeta(meta);
    this.#logger.debug({ correlationId, causation, type, stream, revision, slice, position }, "relayed");
  }
}

function* tracedEvents(events: readonly RecordedEvent[]): Generator<TracedEvent> {
  for (const { id, meta } of events) yield { id, correlation: decodeMeta(meta).correlation };
}
