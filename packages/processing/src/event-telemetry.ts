import { type BatchWork, type Logger, type SpanAttributes, type Tracer, traced } from "@taem/runtime";
import type { LinkedEvent } from "./event-source.ts";

/** A stage of the events' way, as its spans have it. */
export interface Stage {
  readonly name: string;
  readonly kind: BatchWork["kind"];
  readonly attributes: SpanAttributes;
}

interface BatchTelemetry {
  /** Of this batch alone. */
  readonly attributes: SpanAttributes;
  /** What is logged of an event that has passed; nothing unless told. */
  readonly message?: (event: LinkedEvent) => string;
}

/** What a stage tells of the events that pass it: a span for each batch and, at level debug, a line for each event. */
export class EventTelemetry {
  readonly #stage: Stage;
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;

  constructor(
    stage: Stage,
    { logger, tracer }: { readonly logger: Logger; readonly tracer?: Tracer | undefined },
  ) {
    this.#stage = stage;
    this.#logger = logger;
    this.#tracer = tracer;
  }

  /** Has a batch pass. `events` is called only where somebody reads of them; a batch that fails has not passed. */
  async follow<T>(
    events: () => Iterable<LinkedEvent>,
    pass: () => Promise<T>,
    { attributes, message }: BatchTelemetry,
  ): Promise<T> {
    const describe = () => ({
      ...this.#stage,
      attributes: { ...this.#stage.attributes, ...attributes },
      events: traces(events()),
    });
    const result = await traced(this.#tracer, describe, pass);
    if (message !== undefined && this.#logger.isDebug) {
      for (const event of events()) {
        const { type, stream, revision, slice, position } = event.record;
        const { correlation: correlationId, causation } = event.provenance;
        const fields = { correlationId, causation, type, stream, revision, slice, position };
        this.#logger.debug(fields, message(event));
      }
    }
    return result;
  }
}

function* traces(events: Iterable<LinkedEvent>) {
  for (const { record, provenance } of events) yield { id: record.id, correlation: provenance.correlation };
}
