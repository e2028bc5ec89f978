import type { Logger } from "./logger.ts";

/** What is said of a piece of work. No secrets, and nothing that tells who a member is. */
export type SpanAttributes = Readonly<Record<string, string | number | string[]>>;

/** A piece of work that has ended. */
export interface Work {
  readonly name: string;
  /** When it began, of `performance.now()`. */
  readonly startedAt: number;
  readonly attributes: SpanAttributes;
  /** Code or name of what kept it from being done; not its message, which may quote anything. */
  readonly error?: string | undefined;
}

export interface BatchWork extends Work {
  readonly kind: "producer" | "consumer" | "internal";
}

/** Of an event: what its trace and the span that wrote it are known by. */
export interface TracedEvent {
  readonly id: string;
  readonly correlation: string;
}

/** A request under way. */
export interface RequestSpan {
  /** W3C Trace Context, for what is done on its behalf. */
  readonly traceparent: string;
  end(work: Work): void;
}

/**
 * Tells a collector what this process does, as spans. Where tracing is off there is none: `tracer?.request(...)` then
 * does not even look at its arguments.
 *
 * A trace is found by correlation id (`traceIdOf`), so that every process that meets an event tells of it in one trace.
 */
export interface Tracer extends AsyncDisposable {
  /** `traceparent` is the caller's header: the span is a part of that trace. */
  request(correlationId: string, traceparent: string | undefined): RequestSpan;
  /** The append of a command's events, `first` the first of them; `traceparent` that of the request. */
  append(first: TracedEvent, traceparent: string | undefined, work: Work): void;
  /** Work on many events: in their trace if they have one in common, else in one of its own with links to theirs. */
  batch(events: Iterable<TracedEvent>, work: BatchWork): void;
  /** Sends what is waiting, as far as the limit allows. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TracingOptions {
  /** Base URL of an OTLP collector (HTTP, protobuf): spans are posted to `/v1/traces` under it. */
  readonly endpoint: string;
  /** Sent with every export; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Resource attribute `service.name`. */
  readonly serviceName: string;
  /** Share of traces, 0..1, that are told of. Decided by trace id, so alike in every process with the same ratio. */
  readonly ratio: number;
  /** How long the end may wait for the collector, in milliseconds. */
  readonly flushLimitMs: number;
  readonly logger: Logger;
}
