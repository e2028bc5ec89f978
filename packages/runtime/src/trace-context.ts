import { createHash, randomBytes } from "node:crypto";

/** A span's place in its trace, as W3C's Trace Context has it: ids in lower-case hexadecimal, never all zeros. */
export interface SpanContext {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: version 00, or a later one of which only this much is known. */
const TRACEPARENT =
  /^(?:00(?=.{53}$)|(?!00|ff)[\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/;
const TRACE_ID = /^(?!0{32})[\da-f]{32}$/;
const SAMPLED = 1;

/** Undefined where the header is none, or not in its form. */
export function parseTraceparent(header: unknown): SpanContext | undefined {
  const match = typeof header === "string" ? TRACEPARENT.exec(header) : null;
  if (match === null) return undefined;
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export function formatTraceparent({ traceId, spanId, isSampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/**
 * The trace of what was done under a correlation id, the same in every process: the id itself where it is a UUID or a
 * trace id, else the beginning of its SHA-256.
 */
export function traceIdOf(correlationId: string): string {
  const digits = correlationId.replaceAll("-", "").toLowerCase();
  if (TRACE_ID.test(digits)) return digits;
  return createHash("sha256").update(correlationId).digest("hex").slice(0, 32);
}

/** The span of the append that wrote an event, known to whoever has the event: the random half of its UUID. */
export function appendSpanIdOf(eventId: string): string {
  return eventId.replaceAll("-", "").slice(-16);
}

export function newTraceId(): string {
  return randomBytes(16).toString("hex");
}

export function newSpanId(): string {
  return randomBytes(8).toString("hex");
}
