import type { AppendedCommand, NewEvent } from "@taem/event-store";
import type { Logger, Tracer } from "@taem/runtime";

/** Says of every command what it wrote: a line at level debug, and a span. Undefined where nobody would read either. */
export function appendTelemetry({
  logger,
  tracer,
}: {
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
}): ((appended: AppendedCommand) => void) | undefined {
  if (!logger.isDebug && tracer === undefined) return undefined;
  return ({ stream, revision, events, meta, traceparent, startedAt }) => {
    const { correlation, causation } = meta;
    const types = events.map(({ type }) => type);
    const fields = { correlationId: correlation, causation, stream, revision, types };
    if (logger.isDebug) logger.debug(fields, "appended");
    const { id } = events[0] as NewEvent;
    tracer?.append({ id, correlation }, traceparent, {
      name: "append",
      startedAt,
      attributes: { "taem.correlation_id": correlation, "taem.stream": stream, "taem.event_types": types },
    });
  };
}
