import { randomUUID } from "node:crypto";
import type { Append, EventStore, NewEvent, Position, RecordedEvent } from "../event-store.ts";

/** What an adapter brings to the contract suite: a new, empty store per fact. */
export interface EventStoreHarness {
  readonly store: EventStore;
  /** Another instance on the same log, as another process would open it. Closed by `close`. */
  second(): Promise<EventStore>;
  /** Stops the server and starts it again; resolves when it serves. */
  restart(): Promise<void>;
  /** Why the server is not ours to restart; the facts that would are skipped with it. */
  readonly cannotRestart?: string;
  /** Closes every instance and takes the store away. */
  close(): Promise<void>;
}

/** One thing that is true of every event store. Throws when it is not. */
export interface Fact {
  readonly name: string;
  readonly test: (harness: EventStoreHarness) => Promise<void>;
}

export function newStream(): string {
  return `taem.account-${randomUUID()}`;
}

export function newEvent(data = "{}"): NewEvent {
  return { id: randomUUID(), type: "PointsEarned", data, meta: '{"actor":"test"}' };
}

export function newEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, i) => newEvent(`{"n":"${i}"}`));
}

export function appendTo(
  stream: string,
  expectedRevision: number,
  events: readonly NewEvent[],
  slice = 0,
): Append {
  return { stream, slice, expectedRevision, events };
}

/** Appends and insists on success; yields the answer to one append. */
export async function appended(
  store: EventStore,
  stream: string,
  expectedRevision: number,
  events: readonly NewEvent[],
  slice = 0,
): Promise<{ revision: number; position: Position | undefined }> {
  const [result] = await store.append([appendTo(stream, expectedRevision, events, slice)]);
  if (!result?.ok) throw new Error(`${stream} is not at revision ${expectedRevision}`);
  return result;
}

export async function readStream(store: EventStore, stream: string): Promise<readonly RecordedEvent[]> {
  const [slice] = await store.read([{ stream, afterRevision: 0 }]);
  return slice?.events ?? [];
}

export async function readWholeLog(store: EventStore): Promise<RecordedEvent[]> {
  const log: RecordedEvent[] = [];
  let position: Position = "";
  for (;;) {
    const { events, next } = await store.readLog(position, 500);
    if (events.length === 0) return log;
    log.push(...events);
    position = next;
  }
}

/** Follows until `isDone` says so of what was seen. */
export async function follow(
  store: EventStore,
  after: Position,
  isDone: (seen: readonly RecordedEvent[]) => boolean,
  options: { readonly limit?: number; readonly slices?: readonly number[] } = {},
): Promise<RecordedEvent[]> {
  const { limit = 100, ...filter } = options;
  const seen: RecordedEvent[] = [];
  const done = new AbortController();
  for await (const page of store.follow(after, { limit, signal: done.signal, ...filter })) {
    seen.push(...page.events);
    if (isDone(seen)) done.abort();
  }
  return seen;
}

/** Gives whatever else goes on in the store time to go on, in round trips instead of milliseconds. */
export async function letTimePass(store: EventStore, roundTrips: number): Promise<void> {
  for (let i = 0; i < roundTrips; i++) await store.head();
}

/** A generator of repeatable pseudo-random integers below a bound (xorshift32). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
