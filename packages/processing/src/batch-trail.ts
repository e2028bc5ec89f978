import { type Logger, type TracedEvent, type Tracer, traced } from "@taem/runtime";
import type { Link, LinkedEvent } from "./event-source.ts";
import type { Projection } from "./projection.ts";

/** Of a projection, what tells its events from those that mean nothing to it. */
type Followed = Pick<Projection, "name" | "handles">;

/** What a projector says of the events it applies: a span for each batch and, at level debug, a line for each event. */
export class BatchTrail {
  readonly #projection: Followed;
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;

  /** The logger names the projection by itself. */
  constructor(projection: Followed, logger: Logger, tracer: Tracer | undefined) {
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
    for (const { event } of this.#handled(links)) {
      const { type, stream, revision, slice, position } = event.record;
      const fields = { correlationId: event.correlation, type, stream, revision, slice, position };
      const isLeftOut = isParked(stream);
      this.#logger.debug(fields, isLeftOut ? "not projected, since its stream is parked" : "projected");
    }
  }

  #work(links: readonly Link[]) {
    return {
      name: `project ${this.#projection.name}`,
      kind: "internal" as const,
      events: tracedEvents(this.#handled(links)),
      attributes: { "taem.projection": this.#projection.name, "taem.links": links.length },
    };
  }

  /** Those with an event that means something to the projection. */
  *#handled(links: readonly Link[]): Generator<LinkWithEvent> {
    for (const link of links)
      if (hasEvent(link) && this.#projection.handles(link.event.record.type)) yield link;
  }
}

type LinkWithEvent = Link & { readonly event: LinkedEvent };

function hasEvent(link: Link): link is LinkWithEvent {
  return link.event !== undefined;
}

/** The events of links, as spans know them. */
export function* tracedEvents(links: Iterable<Link>): Generator<TracedEvent> {
  for (const { event } of links) {
    if (event !== undefined) yield { id: event.record.id, correlation: event.correlation };
  }
}
