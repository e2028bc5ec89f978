import type {
  Append,
  AppendResult,
  EventStore,
  LogFilter,
  LogPage,
  Position,
  ReadRequest,
  RecordedEvent,
  Snapshot,
} from "../src/index.ts";

/** An event store in memory, for tests: keeps the whole contract but durability. */
export class MemoryEventStore implements EventStore {
  readonly checksReads: boolean;
  readonly groupsAppends: boolean;
  readonly #log: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #waiting = new Set<() => void>();

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

  async read(requests: readonly ReadRequest[]) {
    return requests.map(({ stream, afterRevision, limit }) => {
      const events = this.#streams.get(stream) ?? [];
      const end = limit === undefined ? events.length : afterRevision + limit;
      return { events: events.slice(afterRevision, end) };
    });
  }

  async *readStream(stream: string, afterRevision: number, pageSize = 500) {
    for (let from = afterRevision; ; from += pageSize) {
      const events = (this.#streams.get(stream) ?? []).slice(from, from + pageSize);
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

  async *follow(
    after: Position,
    { limit, signal, ...filter }: { readonly limit: number; readonly signal: AbortSignal } & LogFilter,
  ) {
    let position = after;
    while (!signal.aborted) {
      const page = await this.readLog(position, limit, filter);
      position = page.next;
      if (page.events.length > 0) yield page;
      else await this.#appended(signal);
    }
  }

  async head(): Promise<Position> {
    return this.#log.at(-1)?.position ?? "";
  }

  async positionAt(instant: number): Promise<Position> {
    return this.#log.findLast(({ recordedAt }) => recordedAt <= instant)?.position ?? "";
  }

  async loadSnapshots(streams: readonly string[], schema: string) {
    return streams.map((stream) => {
      const snapshot = this.#snapshots.get(stream);
      return snapshot?.schema === schema ? snapshot : undefined;
    });
  }

  async saveSnapshots(snapshots: readonly Snapshot[]): Promise<void> {
    for (const snapshot of snapshots) {
      const old = this.#snapshots.get(snapshot.stream);
      const isNewer = old?.schema !== snapshot.schema || old.revision < snapshot.revision;
      if (isNewer) this.#snapshots.set(snapshot.stream, snapshot);
    }
  }

  async close(): Promise<void> {}

  #revisionOf(stream: string): number {
    return this.#streams.get(stream)?.length ?? 0;
  }

  #appendOne(
    { stream, slice, expectedRevision, events }: Append,
    hasMoved: boolean,
    recordedAt: number,
  ): AppendResult {
    const stored = this.#streams.get(stream) ?? [];
    const revision = expectedRevision + events.length;
    if (stored.length !== expectedRevision || hasMoved) {
      const before = stored.slice(expectedRevision, revision);
      const isRepeated = events.length > 0 && events.every(({ id }, i) => before[i]?.id === id);
      if (!isRepeated) return { ok: false, conflict: { actualRevision: stored.length } };
      const last = before.at(-1) as RecordedEvent;
      return { ok: true, revision, position: last.position };
    }
    for (const event of events) {
      const recorded: RecordedEvent = {
        ...event,
        stream,
        revision: stored.length + 1,
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
