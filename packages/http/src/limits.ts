export interface BulkLimits {
  readonly maxLineBytes: number;
  /** Lines of one request that were taken in and not answered yet; beyond it no more are taken in. */
  readonly maxLinesInFlight: number;
  /** The same of all requests, and of those of one client. */
  readonly maxLines: number;
  readonly maxClientLines: number;
  /** Answers kept for a caller who does not read while sending; beyond it no more lines are taken in. */
  readonly maxAnswerBytes: number;
}

/** What one server takes on. Times in milliseconds. */
export interface Limits extends BulkLimits {
  readonly maxBodyBytes: number;
  /** Requests under way; beyond it `overloaded`. Those of one client, or programme, beyond theirs: `too_many_requests`. */
  readonly maxRequests: number;
  readonly maxClientRequests: number;
  readonly maxProgrammeRequests: number;
  /** Requests and lines of bulk requests a second; lines beyond it wait, unread. */
  readonly clientRate: number;
  readonly programmeRate: number;
  /** Requests of one address a minute that fail to authenticate, or ask for what needs no API key. */
  readonly strangerRate: number;
  /** Memory for bodies, lines of bulk requests, and answers that were not read yet, of all and of one client. */
  readonly maxBytes: number;
  readonly maxClientBytes: number;
  readonly maxConnections: number;
  /** Of one address that is no trusted proxy's. */
  readonly maxAddressConnections: number;
  /** How long whoever asks for more than his share waits to be told so: what is refused must cost less than what is answered. */
  readonly refusalMs: number;
  readonly maxHeaderBytes: number;
  /**
   * From the first byte of a request to its deadline, by which its body must be there; for a line of a bulk request, which must be
   * there as long after its beginning, from its arrival.
   */
  readonly requestMs: number;
  /** A connection on which nothing moves is closed. */
  readonly idleMs: number;
  readonly keepAliveMs: number;
  readonly headersMs: number;
  /** The whole of a request, bulk ones included, must have arrived by then. */
  readonly uploadMs: number;
  /** What is still running when the server has been closing for this long is cut off. */
  readonly closeMs: number;
  /** Whoever does not read an answer this long, and for its bytes as long as they take at this rate, is cut off. */
  readonly graceMs: number;
  readonly minBytesPerSecond: number;
  /** How often connections are looked at for that. */
  readonly lookMs: number;
}

/**
 * Rates are above what a process does, so that they are there to be set; what keeps clients apart is what they have under way.
 * `keepAliveMs` is above the minute after which load balancers commonly close idle connections, so that they
 * close first.
 */
export const defaultLimits: Limits = {
  maxBodyBytes: 64 * 1024,
  maxRequests: 4_096,
  maxClientRequests: 1_024,
  maxProgrammeRequests: 2_048,
  clientRate: 100_000,
  programmeRate: 100_000,
  strangerRate: 600,
  maxBytes: 64 * 1024 * 1024,
  maxClientBytes: 16 * 1024 * 1024,
  maxConnections: 8_192,
  maxAddressConnections: 4_096,
  refusalMs: 500,
  maxHeaderBytes: 16 * 1024,
  requestMs: 10_000,
  idleMs: 60_000,
  keepAliveMs: 65_000,
  headersMs: 10_000,
  uploadMs: 600_000,
  closeMs: 10_000,
  maxLineBytes: 16 * 1024,
  maxLinesInFlight: 256,
  maxLines: 2_048,
  maxClientLines: 1_024,
  maxAnswerBytes: 1024 * 1024,
  graceMs: 10_000,
  minBytesPerSecond: 32 * 1024,
  lookMs: 1_000,
};
