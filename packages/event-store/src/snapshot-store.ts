/** A state of a stream as it is kept. */
export interface Snapshot {
  readonly stream: string;
  /** Of the last event that is in the state. */
  readonly revision: number;
  /** Identifies the shape of `state`; a snapshot of another schema is ignored. */
  readonly schema: string;
  readonly state: Uint8Array;
}

/** A snapshot, and what proves that this installation made it: the store keeps it and does not look at it. */
export interface SealedSnapshot extends Snapshot {
  readonly seal: Uint8Array;
}

/**
 * Where states are kept from one process to the next: a cache, whose loss costs time alone. `@taem/event-store/contract` has the
 * suite of its adapters.
 */
export interface SnapshotStore {
  /** In the order of the streams; undefined where nothing of the schema is kept of one. */
  load(streams: readonly string[], schema: string): Promise<(SealedSnapshot | undefined)[]>;
  /** Of a stream the one of the highest revision stays; one of another schema takes the place of any. */
  save(snapshots: readonly SealedSnapshot[]): Promise<void>;
  /** Forgets these, but for those that others have taken the place of. */
  discard(snapshots: readonly SealedSnapshot[]): Promise<void>;
  /** All there are, by the names of their streams: at most so many of those after a name, "" being before all. */
  page(after: string, limit: number): Promise<readonly SealedSnapshot[]>;
}
