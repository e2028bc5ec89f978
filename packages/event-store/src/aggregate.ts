import type { DomainEvent, EventTypes } from "@taem/schema";

/**
 * How a stream of one kind is folded. State is owned by whoever folds it: `evolve` may change it in place, and who
 * needs the state before as well folds into a `draft`.
 */
export interface Aggregate<S, E extends DomainEvent = DomainEvent> {
  /** Those that the stream may hold: how they are read and written. */
  readonly events: EventTypes<E>;
  /** What each event names that its stream is named after. */
  owner?(event: E): string;
  initial(): S;
  evolve(state: S, event: E): S;
  draft(state: S): S;
  /** Makes a draft the state; what it was drafted from is not used afterwards. */
  commit(draft: S): S;
  /** About how many bytes the state takes: the cache is bounded by their sum. */
  weight(state: S): number;
  /** Absent where streams are too short to be worth it. */
  readonly snapshots?: Snapshots<S, E>;
}

/** A state as bytes and back. */
export interface Snapshots<S, E extends DomainEvent = DomainEvent> {
  /** Identifies the shape of the bytes; a snapshot of another schema is ignored. */
  readonly schema: string;
  write(state: S): Uint8Array;
  read(bytes: Uint8Array): S;
  /** Whether a state can be what the event at a revision left: by what the event states, as far as it states anything. */
  agrees(state: S, event: E, revision: number): boolean;
  /** Whether two states are the same, however each lies in memory. */
  isSame(a: S, b: S): boolean;
}

/** Where a command's events went. */
export interface Appended {
  /** Revision of the command's last event. */
  readonly revision: number;
  /** Position of the last event of the flush in this stream: at or after the command's own. */
  readonly position: string;
}

/**
 * One step of a decision on a stream's state. `answer` sees the state right after the step's events (before it is
 * used again) and makes the answer once the store has them; without events, once the store has confirmed that the
 * state was current. A decision that needs earlier events of the stream asks for them.
 */
export type Step<S, E, R> =
  | { readonly events: readonly E[]; readonly answer: (state: S) => (appended: Appended) => R }
  | {
      readonly load: { readonly revision: number; readonly count: number };
      readonly next: (events: readonly E[]) => Step<S, E, R>;
    };
