import { type Logger, type TracedEvent, type Tracer, traced } from "@taem/runtime";
import type { Link } from "./event-source.ts";

/** What a projector says of the events it applies: a span for each batch and, at level debug, a line for each event. */
export class BatchTrail {
  readonly #projection: string;
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;

  /** The logger names the projection by itself. */
  constructor(projection: string, logger: Logger, tracer: Tracer | undefined) {
    this.#projection = projection;
    this.#logger = logger;
    this.#tracer = tracer;
  }

  /** `isParked` is asked, by stream, when the batch has been applied. */
  async follow(
    links: readonly Link[],
    apply: () => Promise<void>,
    isParked: (stream: string) => boolean,
  ): Promise<void> {
    await traced(this.#tracer, () => this.#work(links), apply);
    if (!this.#logger.isDebug) return;
    for (const { event } of links) {
      if (event === undefined) continue;
      const { type, stream, revision, slice, position } = event.record;
      const fields = { correlationId: event.correlation, type, stream, revision, slice, position };
      const isLeftOut = isParked(stream);
      this.#logger.debug(fields, isLeftOut ? "not projected, since its stream is parked" : "projected");
    }
  }

  #work(links: readonly Link[]) {
    return {
      name: `project ${this.#projection}`,
      kind: "internal" as const,
      events: tracedEvents(links),
      attributes: { "taem.projection": this.#projection, "taem.links": links.length },
    };
  }
}

/** The events of links, as spans know them. */
export function* tracedEvents(links: readonly Link[]): Generator<TracedEvent> {
  for (const { event } of links) {
    if (event !== undefined) yield { id: event.record.id, correlation: event.correlation };
  }
}
