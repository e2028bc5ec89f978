import type {
  Append,
  AppendResult,
  EventStore,
  FollowOptions,
  LogFilter,
  LogPage,
  Position,
  ReadRequest,
  RecordedEvent,
  StreamSlice,
} from "../src/index.ts";
import { assertFollowing, StoreUnavailable, sliceOf } from "../src/index.ts";

/** An event store in memory, for tests: keeps the whole contract but durability. */
export class MemoryEventStore implements EventStore {
  readonly checksReads: boolean;
  readonly groupsAppends: boolean;
  readonly #log: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<(failure: unknown) => void>();

  constructor(checksReads = true, groupsAppends = checksReads) {
    this.checksReads = checksReads;
    this.groupsAppends = groupsAppends;
  }

  async append(appends: readonly Append[]): Promise<AppendResult[]> {
    const streams = new Set(appends.map(({ stream }) => stream));
    if (streams.size < appends.length) throw new TypeError("a stream appears twice in one append");
    const recordedAt = Math.max(Date.now(), this.#log.at(-1)?.recordedAt ?? 0);
    const moved = appends.map(
      ({ reads }) => reads !== undefined && this.#revisionOf(reads.stream) !== reads.revision,
    );
    const results = appends.map((append, i) => this.#appendOne(append, moved[i] === true, recordedAt));
    for (const wake of [...this.#waiting]) wake();
    return results;
  }

  async read(requests: readonly ReadRequest[]): Promise<StreamSlice[]> {
    return requests.map((request) =>
      sliceOf(request, this.#after(request.stream, request.afterRevision).slice(0, request.limit)),
    );
  }

  async *readStream(stream: string, afterRevision: number, pageSize = 500) {
    for (let from = afterRevision; ; from += pageSize) {
      const events = this.#after(stream, from).slice(0, pageSize);
      assertFollowing(stream, from, events);
      if (events.length > 0) yield events;
      if (events.length < pageSize) return;
    }
  }

  async readLog(after: Position, limit: number, { slices }: LogFilter = {}): Promise<LogPage> {
    const later = this.#log.slice(Number(after));
    const wanted = slices === undefined ? later : later.filter(({ slice }) => slices.includes(slice));
    const events = wanted.slice(0, limit);
    return { events, next: events.at(-1)?.position ?? after };
  }

  async *follow(after: Position, { limit, signal, onFailure, ...filter }: FollowOptions) {
    if (onFailure !== undefined) this.#followers.add(onFailure);
    let position = after;
    while (!signal.aborted) {
      // Looked at before the read: what is appended after that is not waited for in vain.
      const { length } = this.#log;
      const page = await this.readLog(position, limit, filter);
      position = page.next;
      if (page.events.length > 0) yield page;
      else if (this.#log.length === length && !signal.aborted) await this.#appended(signal);
    }
  }

  async head(): Promise<Position> {
    return this.#log.at(-1)?.position ?? "";
  }

  async positionAt(instant: number): Promise<Position> {
    return this.#log.findLast(({ recordedAt }) => recordedAt <= instant)?.position ?? "";
  }

  /** Forgets events of a stream, as whoever may write to a store's disk can. */
  lose(stream: string, ...revisions: readonly number[]): void {
    const kept = this.#streams.get(stream)?.filter(({ revision }) => !revisions.includes(revision)) ?? [];
    this.#streams.set(stream, kept);
  }

  /** Has followers survive that the store is gone for a moment. */
  async restart(): Promise<void> {
    for (const onFailure of this.#followers) {
      onFailure(new StoreUnavailable(new Error("it is being restarted")));
      onFailure(undefined);
    }
  }

  async close(): Promise<void> {}

  #after(stream: string, revision: number): RecordedEvent[] {
    return (this.#streams.get(stream) ?? []).filter((event) => event.revision > revision);
  }

  #revisionOf(stream: string): number {
    return this.#streams.get(stream)?.at(-1)?.revision ?? 0;
  }

  #appendOne(
    { stream, slice, expectedRevision, events }: Append,
    hasMoved: boolean,
    recordedAt: number,
  ): AppendResult {
    const stored = this.#streams.get(stream) ?? [];
    const revision = expectedRevision + events.length;
    const head = this.#revisionOf(stream);
    if (head !== expectedRevision || hasMoved) {
      const before = stored.slice(expectedRevision, revision);
      const isRepeated = events.length > 0 && events.every(({ id }, i) => before[i]?.id === id);
      if (!isRepeated) return { ok: false, conflict: { actualRevision: head } };
      const last = before.at(-1) as RecordedEvent;
      return { ok: true, revision, position: last.position };
    }
    for (const event of events) {
      const recorded: RecordedEvent = {
        ...event,
        stream,
        revision: (stored.at(-1)?.revision ?? 0) + 1,
        position: String(this.#log.length + 1).padStart(16, "0"),
        slice,
        recordedAt,
      };
      stored.push(recorded);
      this.#log.push(recorded);
    }
    if (events.length > 0) this.#streams.set(stream, stored);
    const position = events.length === 0 ? undefined : this.#log.at(-1)?.position;
    return { ok: true, revision, position };
  }

  #appended(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
