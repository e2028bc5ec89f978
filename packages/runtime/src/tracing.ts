import type { BatchWork, TracedEvent, Tracer, TracingOptions } from "./tracer.ts";

/** OpenTelemetry is loaded here and not before: a process that does not trace pays nothing for it. */
export async function startTracer(options: TracingOptions): Promise<Tracer> {
  const { OtelTracer } = await import("./otel-tracer.ts");
  return new OtelTracer(options);
}

export interface TracedBatch extends Omit<BatchWork, "startedAt" | "error"> {
  readonly events: Iterable<TracedEvent>;
}

/** Does work on a batch of events and tells of it. `describe` is called only where there is a tracer. */
export async function traced<T>(
  tracer: Tracer | undefined,
  describe: () => TracedBatch,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === undefined) return await work();
  const startedAt = performance.now();
  const { events, ...batch } = describe();
  try {
    const result = await work();
    tracer.batch(events, { ...batch, startedAt });
    return result;
  } catch (error) {
    tracer.batch(events, { ...batch, startedAt, error: nameOf(error) });
    throw error;
  }
}

function nameOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === "string" ? code : String(name ?? "error");
}
