import { LRUCache } from "lru-cache";
import type { Aggregate } from "./aggregate.ts";
import type { EventStore, RecordedEvent, StreamSlice } from "./event-store.ts";
import { unlessAborted } from "./persistence.ts";
import type { SealedSnapshots } from "./sealed-snapshots.ts";
import type { SealedSnapshot, Snapshot } from "./snapshot-store.ts";
import { eventsOrDamage, evolved, StreamDamaged } from "./stream-damage.ts";

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
/** How long whoever stops goes on writing out what it holds, and how many bytes of it at a time. */
const STOPPING_MS = 5_000;
const STOPPING_BYTES = 8 * 2 ** 20;
/** What an entry takes besides its state. */
const OVERHEAD = 200;
/** An entry is weighed with room to grow: until it has outgrown that it is changed in place, which costs the cache nothing. */
const ROOM = 1.25;

/** What is read of a stream at first, after what is known of it. */
interface Look {
  readonly wanted: Wanted;
  readonly base: CachedState;
  /** Mostly that of the base. */
  readonly afterRevision: number;
  readonly limit: number;
}

/** States by stream, bounded by weight. A state here is as new as the last append or read; only the store can confirm it. */
export class StateCache {
  readonly #store: EventStore;
  readonly #snapshots: SealedSnapshots | undefined;
  readonly #states: LRUCache<string, Entry>;
  readonly #snapshotAt = new LRUCache<string, number>({ max: 50_000 });
  #unsaved: Snapshot[] = [];
  #unsavedBytes = 0;
  readonly #saving = new Set<Promise<void>>();
  readonly #onError: (error: unknown, stream: string) => void;

  /** Without snapshots every stream is folded from its start. */
  constructor(
    store: EventStore,
    snapshots: SealedSnapshots | undefined,
    maxBytes: number,
    onError: (error: unknown, stream: string) => void,
  ) {
    this.#store = store;
    this.#snapshots = snapshots;
    this.#states = new LRUCache({
      maxSize: maxBytes,
      dispose: (entry, _, reason) => {
        if (reason === "evict") this.#snapshotIfWorthIt(entry);
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
      const isCold =
        from === undefined && wanted.aggregate.snapshots !== undefined && this.#snapshots !== undefined;
      const base = from ?? emptyState(wanted);
      return { wanted, base, afterRevision: base.revision, limit: isCold ? SHORT : PAGE };
    });
    const long: Wanted[] = [];
    const slices = await this.#read(looks);
    for (const [i, look] of looks.entries()) {
      const { wanted: item, limit } = look;
      const events = eventsOrDamage(slices[i]);
      if (limit === SHORT && !(events instanceof StreamDamaged) && events.length === SHORT) long.push(item);
      else found.set(item.stream, await this.#fold(look, events));
    }
    if (long.length > 0) await this.#loadLong(long, found);
    return found;
  }

  async #loadLong(long: readonly Wanted[], found: Map<string, CachedState | Error>): Promise<void> {
    const snapshots = await this.#loadSnapshots(long);
    const looks = long.map((wanted): Look => {
      // From the event on that is the last in the snapshot: it says whether the snapshot can be right.
      const afterRevision = (snapshots.get(wanted.stream)?.revision ?? 1) - 1;
      return { wanted, base: emptyState(wanted), afterRevision, limit: PAGE };
    });
    const slices = await this.#read(looks);
    for (const [i, look] of looks.entries()) {
      const { stream } = look.wanted;
      found.set(stream, await this.#foldLong(look, snapshots.get(stream), eventsOrDamage(slices[i])));
    }
  }

  async #foldLong(
    look: Look,
    snapshot: SealedSnapshot | undefined,
    events: readonly RecordedEvent[] | StreamDamaged,
  ): Promise<CachedState | Error> {
    const { wanted, base } = look;
    if (snapshot === undefined || events instanceof StreamDamaged) return await this.#fold(look, events);
    const [last, ...rest] = events;
    const state = await this.#snapshots?.restore(snapshot, wanted.aggregate, last);
    if (state === undefined || last === undefined) {
      const again = { ...look, afterRevision: 0 };
      const [slice] = await this.#read([again]);
      return await this.#fold(again, eventsOrDamage(slice));
    }
    const { revision, slice } = last;
    this.#snapshotAt.set(wanted.stream, revision);
    return await this.#fold({ ...look, base: { ...base, slice, revision, state }, limit: PAGE - 1 }, rest);
  }

  #read(looks: readonly Look[]): Promise<StreamSlice[]> {
    return this.#store.read(
      looks.map(({ wanted: { stream }, afterRevision, limit }) => ({ stream, afterRevision, limit })),
    );
  }

  /** By stream. A cache: where it is away, or has nothing, the stream is folded from its start. */
  async #loadSnapshots(wanted: readonly Wanted[]): Promise<Map<string, SealedSnapshot>> {
    const found = new Map<string, SealedSnapshot>();
    const bySchema = Map.groupBy(wanted, ({ aggregate }) => aggregate.snapshots?.schema ?? "");
    for (const [schema, of] of bySchema) {
      const streams = of.map(({ stream }) => stream);
      for (const snapshot of (await this.#snapshots?.load(streams, schema)) ?? [])
        if (snapshot !== undefined) found.set(snapshot.stream, snapshot);
    }
    return found;
  }

  /** `events` are those that were read first. */
  async #fold(
    { wanted: { stream, aggregate }, base, limit }: Look,
    events: readonly RecordedEvent[] | StreamDamaged,
  ): Promise<CachedState | Error> {
    try {
      if (events instanceof StreamDamaged) throw events;
      let { state, revision } = base;
      const slice = base.slice ?? events[0]?.slice;
      const add = (page: readonly RecordedEvent[]): void => {
        for (const event of page) {
          state = evolved(aggregate, state, event);
          revision = event.revision;
        }
      };
      add(events);
      if (events.length === limit)
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
    if (aggregate.snapshots === undefined) return;
    // A longer stream is written out less often: its snapshot grows with it.
    const last = this.#snapshotAt.get(cached.stream) ?? 0;
    if (cached.revision - last >= Math.max(SNAPSHOT_EVERY, last / 4)) this.#snapshot(cached, aggregate);
  }

  #snapshotIfWorthIt(entry: Entry): void {
    const last = this.#snapshotAt.get(entry.stream) ?? 0;
    if (entry.revision - last >= SNAPSHOT_LEAVING) this.#snapshot(entry, entry.aggregate);
  }

  /** What the cache holds is behind the stream; it is a sound base to read on from. */
  markStale(stream: string): void {
    const cached = this.#states.peek(stream);
    if (cached !== undefined) cached.stale = true;
  }

  forget(stream: string): void {
    this.#states.delete(stream);
  }

  /**
   * Writes out the states that would take long to fold again, those used last first, for as long as that may take. Resolves when
   * the snapshots on their way are saved or have failed.
   */
  async close(): Promise<void> {
    const limit = AbortSignal.timeout(STOPPING_MS);
    // What is not written out by then is folded again.
    await unlessAborted(this.#saveAll(limit), limit).catch(() => undefined);
  }

  async #saveAll(limit: AbortSignal): Promise<void> {
    for (const entry of this.#states.values()) {
      if (limit.aborted) return;
      this.#snapshotIfWorthIt(entry);
      if (this.#unsavedBytes >= STOPPING_BYTES) await this.#save();
    }
    await Promise.all([this.#save(), ...this.#saving]);
  }

  #snapshot({ stream, revision, state }: CachedState, { snapshots }: Aggregate<unknown>) {
    if (snapshots === undefined || this.#snapshots === undefined) return;
    this.#snapshotAt.set(stream, revision);
    if (this.#unsaved.length === 0) setImmediate(() => void this.#save());
    const bytes = snapshots.write(state);
    this.#unsaved.push({ stream, revision, schema: snapshots.schema, state: bytes });
    this.#unsavedBytes += bytes.length;
  }

  /** What cannot be saved is reported. */
  async #save(): Promise<void> {
    const unsaved = this.#unsaved;
    if (unsaved.length === 0) return;
    this.#unsaved = [];
    this.#unsavedBytes = 0;
    const saving = this.#snapshots?.save(unsaved).catch((error: unknown) => {
      for (const { stream } of unsaved) this.#onError(error, stream);
    });
    if (saving === undefined) return;
    this.#saving.add(saving);
    await saving;
    this.#saving.delete(saving);
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
