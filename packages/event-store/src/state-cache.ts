import { LRUCache } from "lru-cache";
import type { Aggregate } from "./aggregate.ts";
import type { EventStore, RecordedEvent, Snapshot, StreamSlice } from "./event-store.ts";

export interface CachedState {
  readonly stream: string;
  /** In which its first event lies; undefined while it has none. */
  readonly slice: number | undefined;
  readonly revision: number;
  readonly state: unknown;
  /** The stream is known to have moved on: read what is new before the next use. */
  stale: boolean;
}

/** What the cache holds of a stream, and the weight by which it holds it. */
type Entry = { -readonly [K in keyof CachedState]: CachedState[K] } & {
  readonly aggregate: Aggregate<unknown>;
  readonly weight: number;
};

export interface Wanted {
  readonly stream: string;
  readonly aggregate: Aggregate<unknown>;
  /** Unless something is known of the stream, it is taken to have no events. */
  readonly expectsNew: boolean;
  /** What is new in the stream is read, whatever is known of it. */
  readonly isFresh?: boolean;
}

/** Streams are read this many events at a time: a long one never is in memory whole. */
const PAGE = 2_000;
/** A snapshot is taken when this many events have come since the last. */
const SNAPSHOT_EVERY = 1_000;
/** And when a state leaves the cache with this many: it is less work to read it back than to fold it again. */
const SNAPSHOT_LEAVING = 50;
/** A stream of fewer events has no snapshot worth a look: it is read at once, as most are. */
const SHORT = SNAPSHOT_LEAVING;
/** What an entry takes besides its state. */
const OVERHEAD = 200;
/** An entry is weighed with room to grow: until it has outgrown that it is changed in place, which costs the cache nothing. */
const ROOM = 1.25;

/** A stream whose first events have been read, and are too few. */
interface Long extends Wanted {
  readonly slice: number;
}

/** What is read of a stream at first, after what is known of it. */
interface Look {
  readonly wanted: Wanted;
  readonly base: CachedState;
  readonly limit: number;
}

/** States by stream, bounded by weight. A state here is as new as the last append or read; only the store can confirm it. */
export class StateCache {
  readonly #store: EventStore;
  readonly #states: LRUCache<string, Entry>;
  readonly #snapshotAt = new LRUCache<string, number>({ max: 50_000 });
  #unsaved: Snapshot[] = [];
  readonly #saving = new Set<Promise<void>>();
  readonly #onError: (error: unknown, stream: string) => void;

  constructor(store: EventStore, maxBytes: number, onError: (error: unknown, stream: string) => void) {
    this.#store = store;
    this.#states = new LRUCache({
      maxSize: maxBytes,
      dispose: (entry, _, reason) => {
        if (reason === "evict") this.#snapshotLeaving(entry);
      },
    });
    this.#onError = onError;
  }

  /** Current-as-far-as-known states; an Error for a stream that does not fold. */
  async load(wanted: readonly Wanted[]): Promise<Map<string, CachedState | Error>> {
    const found = new Map<string, CachedState | Error>();
    const unread: { readonly wanted: Wanted; readonly from: CachedState | undefined }[] = [];
    for (const item of wanted) {
      const cached = asOfNow(this.#states.get(item.stream));
      if (cached !== undefined && !cached.stale && item.isFresh !== true) found.set(item.stream, cached);
      else if (cached === undefined && item.expectsNew) found.set(item.stream, emptyState(item));
      else unread.push({ wanted: item, from: cached });
    }
    if (unread.length === 0) return found;
    const looks = unread.map(({ wanted, from }) => {
      const isCold = from === undefined && wanted.aggregate.snapshots !== undefined;
      return { wanted, base: from ?? emptyState(wanted), limit: isCold ? SHORT : PAGE };
    });
    const long: Long[] = [];
    const slices = await this.#read(looks);
    for (const [i, { wanted: item, base, limit }] of looks.entries()) {
      const events = slices[i]?.events ?? [];
      const first = events[0];
      if (limit === SHORT && events.length === SHORT && first !== undefined)
        long.push({ ...item, slice: first.slice });
      else found.set(item.stream, await this.#fold(item, base, events));
    }
    if (long.length > 0) await this.#loadLong(long, found);
    return found;
  }

  async #loadLong(long: readonly Long[], found: Map<string, CachedState | Error>): Promise<void> {
    const snapshots = await this.#snapshots(long);
    const looks = long.map((wanted) => ({
      wanted,
      base: snapshots.get(wanted.stream) ?? emptyState(wanted),
      limit: PAGE,
    }));
    const slices = await this.#read(looks);
    for (const [i, { wanted, base }] of looks.entries())
      found.set(wanted.stream, await this.#fold(wanted, base, slices[i]?.events ?? []));
  }

  #read(looks: readonly Look[]): Promise<StreamSlice[]> {
    return this.#store.read(
      looks.map(({ wanted: { stream }, base, limit }) => ({ stream, afterRevision: base.revision, limit })),
    );
  }

  async #snapshots(wanted: readonly Long[]): Promise<Map<string, CachedState>> {
    const found = new Map<string, CachedState>();
    const schemas = new Set(wanted.map(({ aggregate }) => aggregate.snapshots?.schema as string));
    for (const schema of schemas) {
      const of = wanted.filter(({ aggregate }) => aggregate.snapshots?.schema === schema);
      const snapshots = await this.#store.loadSnapshots(
        of.map(({ stream }) => stream),
        schema,
      );
      of.forEach((item, i) => {
        const snapshot = snapshots[i];
        const state = snapshot === undefined ? undefined : this.#restored(snapshot, item);
        if (state !== undefined) found.set(item.stream, state);
      });
    }
    return found;
  }

  /** A snapshot is a cache: one that cannot be read is reported, and the stream is folded from its start. */
  #restored(
    { stream, revision, state: text }: Snapshot,
    { aggregate, slice }: Long,
  ): CachedState | undefined {
    try {
      const state = aggregate.snapshots?.read(text);
      this.#snapshotAt.set(stream, revision);
      return { stream, slice, revision, state, stale: false };
    } catch (error) {
      this.#onError(error, stream);
      return undefined;
    }
  }

  async #fold(
    wanted: Wanted,
    base: CachedState,
    first: readonly RecordedEvent[],
  ): Promise<CachedState | Error> {
    const { stream, aggregate } = wanted;
    let { state, revision } = base;
    const slice = base.slice ?? first[0]?.slice;
    const add = (events: readonly RecordedEvent[]): void => {
      for (const event of events) {
        state = aggregate.evolve(state, aggregate.events.decode(event));
        revision = event.revision;
      }
    };
    try {
      add(first);
      if (first.length === PAGE)
        for await (const page of this.#store.readStream(stream, revision, PAGE)) add(page);
      const folded = { stream, slice, revision, state, stale: false };
      this.put(folded, aggregate);
      return folded;
    } catch (error) {
      this.forget(stream);
      return error as Error;
    }
  }

  put(cached: CachedState, aggregate: Aggregate<unknown>): void {
    const weight = OVERHEAD + aggregate.weight(cached.state);
    const known = this.#states.peek(cached.stream);
    if (known !== undefined && weight <= known.weight) {
      known.slice = cached.slice;
      known.revision = cached.revision;
      known.state = cached.state;
      known.stale = cached.stale;
    } else {
      const size = Math.ceil(weight * ROOM);
      this.#states.set(cached.stream, { ...cached, aggregate, weight: size }, { size });
    }
    const { snapshots } = aggregate;
    if (snapshots === undefined) return;
    // A longer stream is written out less often: its snapshot grows with it.
    const last = this.#snapshotAt.get(cached.stream) ?? 0;
    if (cached.revision - last >= Math.max(SNAPSHOT_EVERY, last / 4)) this.#snapshot(cached, snapshots);
  }

  #snapshotLeaving(entry: Entry): void {
    const { snapshots } = entry.aggregate;
    const last = this.#snapshotAt.get(entry.stream) ?? 0;
    if (snapshots !== undefined && entry.revision - last >= SNAPSHOT_LEAVING)
      this.#snapshot(entry, snapshots);
  }

  /** What the cache holds is behind the stream; it is a sound base to read on from. */
  markStale(stream: string): void {
    const cached = this.#states.peek(stream);
    if (cached !== undefined) cached.stale = true;
  }

  forget(stream: string): void {
    this.#states.delete(stream);
  }

  /** Snapshots on their way are saved or have failed. */
  async settled(): Promise<void> {
    this.#save();
    await Promise.all(this.#saving);
  }

  #snapshot(
    { stream, revision, state }: CachedState,
    snapshots: NonNullable<Aggregate<unknown>["snapshots"]>,
  ) {
    this.#snapshotAt.set(stream, revision);
    if (this.#unsaved.length === 0) setImmediate(() => this.#save());
    this.#unsaved.push({ stream, revision, schema: snapshots.schema, state: snapshots.write(state) });
  }

  #save(): void {
    const snapshots = this.#unsaved;
    if (snapshots.length === 0) return;
    this.#unsaved = [];
    const saving = this.#store.saveSnapshots(snapshots).catch((error: unknown) => {
      for (const { stream } of snapshots) this.#onError(error, stream);
    });
    this.#saving.add(saving);
    void saving.finally(() => this.#saving.delete(saving));
  }
}

/** What is known of a stream is changed in place, by other flushes too: whoever decides on it keeps it as it is now. */
function asOfNow(entry: Entry | undefined): CachedState | undefined {
  if (entry === undefined) return undefined;
  const { stream, slice, revision, state, stale } = entry;
  return { stream, slice, revision, state, stale };
}

function emptyState({ stream, aggregate }: Wanted): CachedState {
  return { stream, slice: undefined, revision: 0, state: aggregate.initial(), stale: false };
}
