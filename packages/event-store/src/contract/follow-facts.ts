import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { type EventStore, type LogPage, type RecordedEvent, START } from "../event-store.ts";
import {
  appended,
  appendTo,
  type Fact,
  follow,
  letTimePass,
  newEvent,
  newEvents,
  newStream,
  readStream,
  readWholeLog,
  seeded,
} from "./harness.ts";

const WRITERS = 64;
const APPENDS_EACH = 20;
const ROUNDS = 300;
const RACES = 500;

export const followFacts: readonly Fact[] = [
  {
    name: "64 writers on two instances: each event once, positions rising, revisions without gaps, and a follower sees exactly that",
    async test({ store, second }) {
      const other = await second();
      const watcher = await second();
      const following = follow(watcher, START, (seen) => seen.length >= WRITERS * APPENDS_EACH);
      const streams = Array.from({ length: 30 }, newStream);
      const ids = await Promise.all(
        Array.from({ length: WRITERS }, (_, i) => write(i % 2 === 0 ? store : other, streams, seeded(i + 1))),
      );
      const log = await readWholeLog(store);
      expect(log.map(({ id }) => id).sort()).toEqual(ids.flat().sort());
      assertRising(log);
      assertContiguous(log);
      expect(await following).toEqual(log);
    },
  },
  {
    name: "an event appended while the follower waits at the head wakes it, round after round",
    async test({ store, second }) {
      const other = await second();
      const stream = newStream();
      const done = new AbortController();
      const pages = store.follow(START, { limit: 10, signal: done.signal })[Symbol.asyncIterator]();
      for (let round = 0; round < ROUNDS; round++) {
        const page = pages.next();
        // From "not yet looking" to "long asleep".
        await letTimePass(store, round % 5);
        await appended(other, stream, round, newEvents(1));
        const { value } = await page;
        expect(value.events.map(({ revision }: RecordedEvent) => revision)).toEqual([round + 1]);
      }
      done.abort();
      expect(await pages.next()).toEqual({ value: undefined, done: true });
    },
  },
  {
    name: "an event appended at whatever moment of the follower's reading is seen without waiting for another",
    async test({ store, second }) {
      const other = await second();
      const random = seeded(7);
      const stream = newStream();
      const done = new AbortController();
      const pages = store.follow(START, { limit: 10, signal: done.signal })[Symbol.asyncIterator]();
      for (let round = 0; round < RACES; round++) {
        const appending = appended(other, stream, round, newEvents(1));
        for (let turns = random(200); turns > 0; turns--) await new Promise(setImmediate);
        const { value } = await pages.next();
        expect(value.events.map(({ revision }: RecordedEvent) => revision)).toEqual([round + 1]);
        await appending;
      }
      done.abort();
      await pages.return?.();
    },
  },
  {
    name: "a follower resumes after any position and keeps to its page size",
    async test({ store }) {
      await store.append(Array.from({ length: 100 }, () => appendTo(newStream(), 0, newEvents(1))));
      const log = await readWholeLog(store);
      for (const start of [0, 1, 37, 99]) {
        const after = log[start - 1]?.position ?? START;
        const done = new AbortController();
        const seen: RecordedEvent[] = [];
        for await (const page of store.follow(after, { limit: 7, signal: done.signal })) {
          expect(page.events.length).toBeLessThanOrEqual(7);
          expect(page.next).toBe(page.events.at(-1)?.position);
          seen.push(...page.events);
          if (seen.length === log.length - start) done.abort();
        }
        expect(seen).toEqual(log.slice(start));
      }
    },
  },
  {
    name: "a follower of some slices sees these and no others, those appended later too",
    async test({ store }) {
      const append = (slices: number[]) =>
        store.append(slices.map((slice) => appendTo(newStream(), 0, newEvents(1), slice)));
      await append([1, 2, 3, 4, 5, 1, 2, 3]);
      const following = follow(store, START, (seen) => seen.length >= 6, { limit: 1, slices: [2, 5] });
      await append([9, 9, 9]);
      await append([5, 1, 1]);
      await append([9]);
      await append([2, 2, 9]);
      expect((await following).map(({ slice }) => slice)).toEqual([2, 5, 2, 5, 2, 2]);
    },
  },
  {
    name: "following ends when its signal aborts: before it begins, at the head, between pages",
    async test({ store }) {
      await appended(store, newStream(), 0, newEvents(3));
      expect(await pagesOf(store.follow(START, { limit: 1, signal: AbortSignal.abort() }))).toEqual([]);

      const atHead = new AbortController();
      const waiting = pagesOf(store.follow(await store.head(), { limit: 1, signal: atHead.signal }));
      await letTimePass(store, 5);
      atHead.abort();
      expect(await waiting).toEqual([]);

      const between = new AbortController();
      const pages: unknown[] = [];
      for await (const page of store.follow(START, { limit: 1, signal: between.signal })) {
        pages.push(page);
        between.abort();
      }
      expect(pages).toHaveLength(1);
    },
  },
  {
    name: "a slow consumer holds up the reading: memory does not grow with the log",
    async test({ store, second }) {
      const [pageSize, eventSize, events] = [10, 32_000, 2_000];
      const payload = "x".repeat(eventSize);
      for (let i = 0; i < events; i += 100) {
        const batch = Array.from({ length: 100 }, () => appendTo(newStream(), 0, [newEvent(`"${payload}"`)]));
        await store.append(batch);
      }
      const other = await second();
      await letTimePass(other, 20);
      const before = liveBytes();
      const pages = other.follow(START, { limit: pageSize, signal: new AbortController().signal });
      const reader = pages[Symbol.asyncIterator]();
      expect((await reader.next()).value.events).toHaveLength(pageSize);
      await letTimePass(other, 200);
      expect(liveBytes() - before).toBeLessThan((events * eventSize) / 4);
      await reader.return?.();
    },
  },
];

/** Appends one event at a time to streams that others write too, deciding again after each conflict. */
async function write(store: EventStore, streams: string[], random: (n: number) => number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < APPENDS_EACH; i++) {
    const stream = streams[random(streams.length)] as string;
    const event = newEvent();
    let revision = (await readStream(store, stream)).length;
    for (;;) {
      const [result] = await store.append([appendTo(stream, revision, [event])]);
      if (result?.ok) break;
      if (result?.refused !== undefined) throw result.refused;
      revision = result?.conflict.actualRevision ?? 0;
    }
    ids.push(event.id);
  }
  return ids;
}

async function pagesOf(following: AsyncIterable<LogPage>): Promise<LogPage[]> {
  const pages: LogPage[] = [];
  for await (const page of following) pages.push(page);
  return pages;
}

function assertRising(log: readonly RecordedEvent[]): void {
  for (const [i, event] of log.entries()) {
    expect(i === 0 || event.position > (log[i - 1] as RecordedEvent).position).toBe(true);
  }
}

function assertContiguous(log: readonly RecordedEvent[]): void {
  const heads = new Map<string, number>();
  for (const { stream, revision } of log) {
    expect(revision).toBe((heads.get(stream) ?? 0) + 1);
    heads.set(stream, revision);
  }
}

function liveBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // The first only begins to free what lies outside the heap.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
