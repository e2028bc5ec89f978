import type { BulkLimits } from "./ndjson.ts";

/** What one server takes on. Times in milliseconds. */
export interface Limits extends BulkLimits {
  readonly maxBodyBytes: number;
  /** Requests being worked on; beyond it `overloaded`. */
  readonly maxRequests: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** From the first byte of a request to its deadline; for a line of a bulk request from its arrival. */
  readonly requestMs: number;
  /** A connection on which nothing moves is closed. */
  readonly idleMs: number;
  readonly keepAliveMs: number;
  readonly headersMs: number;
  /** The whole of a request, bulk ones included, must have arrived by then. */
  readonly uploadMs: number;
  /** What is still running when the server has been closing for this long is cut off. */
  readonly closeMs: number;
}

/**
 * `keepAliveMs` is above the minute after which load balancers commonly close idle connections, so that they
 * close first.
 */
export const defaultLimits: Limits = {
  maxBodyBytes: 64 * 1024,
  maxRequests: 4_096,
  maxConnections: 8_192,
  maxHeaderBytes: 16 * 1024,
  requestMs: 10_000,
  idleMs: 60_000,
  keepAliveMs: 65_000,
  headersMs: 10_000,
  uploadMs: 600_000,
  closeMs: 10_000,
  maxLineBytes: 16 * 1024,
  maxLinesInFlight: 256,
  maxAnswerBytes: 8 * 1024 * 1024,
};
