/**
 * The event store port: the only source of truth, as every other part sees it. Its adapters (PostgreSQL,
 * EventStoreDB) pass one contract suite, `@taem/event-store/contract`.
 *
 * Numbering is fixed here and adapters translate to it: a stream's revision counts its events (0 = no stream, n = n
 * events), and the first event of a stream has revision 1.
 */

/** Where an event lies in the global log: opaque, of constant width, ordered by plain string comparison. */
export type Position = string;

/** Before the first event of the log. */
export const START: Position = "";

/** An event about to be appended. `data` and `meta` are canonical JSON (RFC 8785), kept byte for byte. */
export interface NewEvent {
  /** UUID, random, made once per decision; a re-send carries the same one. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly meta: string;
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** Ordinal in the stream, from 1. */
  readonly revision: number;
  readonly position: Position;
  /** Below `SLICES`; that of its append. */
  readonly slice: number;
  /** When the store recorded it, in milliseconds since the epoch; its running maximum orders dates. */
  readonly recordedAt: number;
}

/**
 * One stream's share of an append. With no events it appends nothing and only confirms that the stream's head still
 * is `expectedRevision`: how a decision made on cached state is proven current.
 */
export interface Append {
  readonly stream: string;
  /** Below `SLICES`; that of the stream's first event, where it has one. */
  readonly slice: number;
  readonly expectedRevision: number;
  readonly events: readonly NewEvent[];
  /**
   * Another stream that the decision stood on: where it is not at this revision any more, the append is a conflict. Only of
   * stores that say `checksReads`.
   */
  readonly reads?: Head | undefined;
}

/** A stream, and how many events it has. */
export interface Head {
  readonly stream: string;
  readonly revision: number;
}

/**
 * What became of one `Append`. A conflict is a result, not an exception, and so is what the store refuses for good, for its
 * size, say. `position` is that of the last event appended (undefined when there were none).
 */
export type AppendResult =
  | {
      readonly ok: true;
      readonly revision: number;
      readonly position: Position | undefined;
    }
  | {
      readonly ok: false;
      readonly conflict: { readonly actualRevision: number };
      readonly refused?: undefined;
    }
  | { readonly ok: false; readonly refused: Error };

export interface ReadRequest {
  readonly stream: string;
  /** Events with a revision above this one; 0 reads the stream from its start. */
  readonly afterRevision: number;
  /** At most this many events; without it, to the stream's end. */
  readonly limit?: number;
}

export interface StreamSlice {
  /**
   * They follow each other, from the one that was asked for on. Throws `StreamDamaged` where the store has lost some of this
   * stream: what was read with it is whole.
   */
  readonly events: readonly RecordedEvent[];
}

export interface LogPage {
  readonly events: readonly RecordedEvent[];
  /** Position of the last event of the page, or what was asked for when the page is empty. */
  readonly next: Position;
}

/** Options of a log reader. `slices` undefined = all. */
export interface LogFilter {
  readonly slices?: readonly number[];
}

export interface FollowOptions extends LogFilter {
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Told of every failure that it survives, and of undefined whenever it reads. */
  readonly onFailure?: ((failure: unknown) => void) | undefined;
}

export interface EventStore {
  /** Whether an append can stand on another stream's revision; where not, who decides reads that stream before. */
  readonly checksReads: boolean;

  /**
   * Whether appends that are handed over together share a commit, and so are answered together. Where not, each is stored
   * by itself, and who hands it over alone is answered as soon as it is.
   */
  readonly groupsAppends: boolean;

  /**
   * Appends to many streams in one round trip; each `Append` stands or falls alone and is durable when this
   * resolves. A stream may appear once. Results are in input order. An unknown outcome (connection lost, server
   * restarted) is resolved inside: identical bytes are sent again until the outcome is definite or `signal` aborts,
   * which rejects with `OutcomeUnknown`.
   */
  append(appends: readonly Append[], signal?: AbortSignal): Promise<AppendResult[]>;

  /**
   * Reads many streams in one round trip, results in input order; a missing stream is empty. Reads are not repeated
   * inside: while the store cannot be reached they reject with `StoreUnavailable` (`follow` alone waits).
   */
  read(requests: readonly ReadRequest[]): Promise<StreamSlice[]>;

  /** Reads one stream page by page, for streams too long for memory. Throws `StreamDamaged` where some of it is lost. */
  readStream(stream: string, afterRevision: number, pageSize?: number): AsyncIterable<RecordedEvent[]>;

  /** One page of the global log after a position, in log order; empty at the head. */
  readLog(after: Position, limit: number, filter?: LogFilter): Promise<LogPage>;

  /**
   * Follows the log after a position for ever: yields non-empty pages, waits at the head without spinning, survives
   * a restart of the server, loses no wake-up. Ends when `signal` aborts. The consumer's pace is the reader's pace.
   */
  follow(after: Position, options: FollowOptions): AsyncIterable<LogPage>;

  /** Position of the newest event, `START` when the log is empty. */
  head(): Promise<Position>;

  /** The newest position whose running maximum of recordedAt is at or below the instant; `START` if none. */
  positionAt(instant: number): Promise<Position>;

  close(): Promise<void>;
}

/** The store cannot be reached at the moment: nothing was read. */
export class StoreUnavailable extends Error {
  readonly code = "store_unavailable";
  constructor(cause: unknown) {
    super("the event store cannot be reached; try again", { cause });
    this.name = "StoreUnavailable";
  }
}

/** The append may or may not have happened; asking again with the same ids is safe. */
export class OutcomeUnknown extends Error {
  readonly code = "outcome_unknown";
  constructor(cause: unknown) {
    super("the event store did not say whether the append happened; repeat it with the same event ids", {
      cause,
    });
    this.name = "OutcomeUnknown";
  }
}

/** A stream, and what is wrong with it; `what` follows on the stream. */
export interface StreamFault {
  readonly stream: string;
  readonly what: string;
}

/** What a store whose own tools hide events from who reads their stream, and not from who reads the log, offers besides. */
export interface StreamAudit {
  /** The streams of which something is hidden. */
  findHidden(): Promise<readonly StreamFault[]>;
}

/** What is wrong with a log at a position. */
export type LogDamage =
  | { readonly kind: "missing"; readonly position: Position }
  | { readonly kind: "altered"; readonly position: Position; readonly event: RecordedEvent };

/** What lies in the log and no program of this kind wrote: who reads the log passes over it. */
export interface ForeignEvent extends StreamFault {
  readonly position: Position;
}

/** What a store that can tell whether its log is what was written to it offers besides. */
export interface LogAudit {
  /** A page of the log up to the first event that is missing or not as its writer made it, and what was passed over on the way. */
  verifyPage(
    after: Position,
    limit: number,
  ): Promise<{
    readonly events: readonly RecordedEvent[];
    readonly next: Position;
    readonly damage: LogDamage | undefined;
    readonly foreign?: readonly ForeignEvent[];
  }>;
}
