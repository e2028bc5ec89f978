import { LogFile } from "./log-file.ts";

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  /** Its place in the log, from 0. */
  readonly index: number;
  readonly stream: string;
  /** From 0, as EventStoreDB counts. */
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly commit: number;
  readonly prepare: number;
}

export type ExpectedRevision = number | "any" | "stream_exists";
/** -1 is a stream without events. */
export const NO_STREAM = -1;

export type AppendOutcome =
  | { readonly stored: true; readonly revision: number; readonly commit: number; readonly prepare: number }
  | { readonly stored: false; readonly reason: "wrong-revision"; readonly current: number }
  | { readonly stored: false; readonly reason: "deleted" };

export interface EventLogOptions {
  /** File that keeps the events; without it they last as long as the object. */
  readonly file?: string;
  /** Milliseconds since the epoch; may go backwards, as clocks do. */
  readonly now?: () => number;
  /** Gives all events of one append the commit position of its last, as a transaction has them. */
  readonly sharedCommits?: boolean;
}

type Line =
  | { readonly tombstone: string }
  | {
      readonly stream: string;
      readonly created: number;
      readonly events: readonly (readonly [
        id: string,
        type: string,
        contentType: string,
        data: string,
        metadata: string,
      ])[];
    };

const decoder = new TextDecoder();
/** The largest number that the server has, as JavaScript reads it. */
const DELETED = Number("9223372036854775807");
const base64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");

/** The log and its streams. An event is seen, and its append answered, once it is written. */
export class EventLog {
  readonly #log: StoredEvent[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #tombstones = new Set<string>();
  readonly #scavenged = new Set<StoredEvent>();
  readonly #file: LogFile | undefined;
  readonly #now: () => number;
  readonly #sharedCommits: boolean;
  readonly #waiting = new Set<() => void>();
  #offset = 0;
  #durable = 0;

  constructor({ file, now = Date.now, sharedCommits = false }: EventLogOptions = {}) {
    this.#now = now;
    this.#sharedCommits = sharedCommits;
    this.#file = file === undefined ? undefined : new LogFile(file, (line) => this.#replay(JSON.parse(line)));
    this.#durable = this.#log.length;
    if (this.#log.length === 0) this.#apply("$users", this.#now(), [systemEvent("$UserCreated")]);
  }

  /** How many events can be seen. */
  get length(): number {
    return this.#durable;
  }

  at(index: number): StoredEvent | undefined {
    return index < this.#durable ? this.#log[index] : undefined;
  }

  /** Index of the first event at or after a position. */
  indexAt(commit: number, prepare: number): number {
    let [low, high] = [0, this.#durable];
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = this.#log[middle] as StoredEvent;
      const isBefore = event.commit < commit || (event.commit === commit && event.prepare < prepare);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isTombstoned(stream: string): boolean {
    return this.#tombstones.has(stream);
  }

  /** What can be seen of a stream: its metadata hide the oldest. Undefined where there is none, or it was deleted. */
  readStream(stream: string): readonly StoredEvent[] | undefined {
    const events = this.#seen(stream);
    if (events === undefined || this.#isDeleted(stream)) return undefined;
    const { $maxCount, $tb = 0 } = this.metadataOf(stream) as { $maxCount?: number; $tb?: number };
    const kept = $tb === 0 ? events : events.filter(({ revision }) => revision >= $tb);
    return $maxCount === undefined ? kept : kept.slice(-$maxCount);
  }

  metadataOf(stream: string): Readonly<Record<string, unknown>> {
    return this.newestOf(`$$${stream}`);
  }

  /** What the newest event of a stream says, in JSON. */
  newestOf(stream: string): Readonly<Record<string, unknown>> {
    const newest = this.#seen(stream)?.at(-1);
    return newest === undefined ? {} : JSON.parse(decoder.decode(newest.data));
  }

  /** Hides a stream's events below a number, as EventStoreDB counts, from whoever reads the stream. */
  async truncate(stream: string, before: number): Promise<void> {
    const data = new TextEncoder().encode(JSON.stringify({ ...this.metadataOf(stream), $tb: before }));
    await this.append(`$$${stream}`, "any", [{ ...systemEvent("$metadata"), data }]);
  }

  /** Takes what metadata hide out of the log itself. As long as the object lasts. */
  scavenge(): void {
    for (const stream of this.#streams.keys()) {
      const kept = new Set(this.readStream(stream));
      for (const event of this.#streams.get(stream) ?? []) if (!kept.has(event)) this.#scavenged.add(event);
    }
  }

  isScavenged(event: StoredEvent): boolean {
    return this.#scavenged.has(event);
  }

  /** As the server does it, unless for ever: the stream reads as none, and its numbers go on. */
  async delete(stream: string): Promise<void> {
    await this.truncate(stream, DELETED);
  }

  #isDeleted(stream: string): boolean {
    return this.metadataOf(stream)["$tb"] === DELETED;
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): Promise<AppendOutcome> {
    if (this.#tombstones.has(stream)) return { stored: false, reason: "deleted" };
    const stored = this.#streams.get(stream) ?? [];
    const current = stored.length - 1;
    const begins = expected === NO_STREAM && this.#isDeleted(stream);
    const isWrong =
      expected === "stream_exists" ? current === NO_STREAM : expected !== "any" && expected !== current;
    if (isWrong && !begins) return this.#answerAgain(stored, current, expected, events);
    if (this.#isDeleted(stream)) await this.truncate(stream, stored.length);
    const created = this.#now();
    const added = this.#apply(stream, created, events);
    await this.#write({
      stream,
      created,
      events: events.map((event) => [
        event.id,
        event.type,
        event.contentType,
        base64(event.data),
        base64(event.metadata),
      ]),
    });
    const last = added.at(-1) ?? stored.at(-1);
    return {
      stored: true,
      revision: last?.revision ?? NO_STREAM,
      commit: last?.commit ?? 0,
      prepare: last?.prepare ?? 0,
    };
  }

  /** Deletes a stream for ever: only who reads the log sees what it had, and its last event that says so. */
  async tombstone(stream: string): Promise<void> {
    await this.append(stream, "any", [systemEvent("$streamDeleted")]);
    this.#tombstones.add(stream);
    await this.#write({ tombstone: stream });
  }

  /** Calls back once, when there is more to see. */
  onMore(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /**
   * The same ids at the same revisions are a success, whatever the bytes. As the server does, it answers with a
   * position that may not be that of the last event.
   */
  async #answerAgain(
    stored: readonly StoredEvent[],
    current: number,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): Promise<AppendOutcome> {
    const first = typeof expected === "number" ? expected + 1 : stored.length;
    const isSame = events.length > 0 && events.every(({ id }, i) => stored[first + i]?.id === id);
    if (!isSame) return { stored: false, reason: "wrong-revision", current };
    await this.#write(undefined);
    const { commit, prepare } = stored[first] as StoredEvent;
    return { stored: true, revision: first + events.length - 1, commit, prepare };
  }

  #seen(stream: string): StoredEvent[] | undefined {
    const events = this.#streams.get(stream);
    const last = events?.at(-1);
    if (events === undefined || last === undefined) return undefined;
    if (last.index < this.#durable) return events;
    const seen = events.filter(({ index }) => index < this.#durable);
    return seen.length > 0 ? seen : undefined;
  }

  async #write(line: Line | undefined): Promise<void> {
    const end = this.#log.length;
    await (line === undefined ? this.#file?.written() : this.#file?.append(JSON.stringify(line)));
    if (end > this.#durable) this.#durable = end;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #replay(line: Line): void {
    if ("tombstone" in line) {
      this.#tombstones.add(line.tombstone);
      return;
    }
    const events = line.events.map(([id, type, contentType, data, metadata]) => ({
      id,
      type,
      contentType,
      data: Buffer.from(data, "base64"),
      metadata: Buffer.from(metadata, "base64"),
    }));
    if (this.#log.length === 0 && line.stream !== "$users") {
      this.#apply("$users", line.created, [systemEvent("$UserCreated")]);
    }
    this.#apply(line.stream, line.created, events);
  }

  #apply(stream: string, created: number, events: readonly ProposedEvent[]): StoredEvent[] {
    const stored = this.#streams.get(stream) ?? [];
    if (events.length > 0) this.#streams.set(stream, stored);
    const offsets = events.map((event) => {
      const offset = this.#offset;
      this.#offset += 100 + event.data.length + event.metadata.length;
      return offset;
    });
    const added = events.map((event, i) => ({
      ...event,
      index: this.#log.length + i,
      stream,
      revision: stored.length + i,
      created,
      commit: offsets[this.#sharedCommits ? offsets.length - 1 : i] as number,
      prepare: offsets[i] as number,
    }));
    this.#log.push(...added);
    stored.push(...added);
    return added;
  }
}

export function systemEvent(type: string): ProposedEvent {
  return {
    id: crypto.randomUUID(),
    type,
    contentType: "application/json",
    data: new TextEncoder().encode("{}"),
    metadata: new Uint8Array(),
  };
}
