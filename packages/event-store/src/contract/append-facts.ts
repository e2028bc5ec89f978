import { SLICES } from "@taem/kernel";
import { expect } from "vitest";
import { type Append, type EventStore, OutcomeUnknown, START } from "../event-store.ts";
import {
  appended,
  appendTo,
  type Fact,
  newEvent,
  newEvents,
  newStream,
  readStream,
  readWholeLog,
} from "./harness.ts";

export const appendFacts: readonly Fact[] = [
  {
    name: "an empty log has its head at START, and a stream that is missing has revision 0",
    async test({ store }) {
      expect(await store.head()).toBe(START);
      expect(await store.readLog(START, 10)).toEqual({ events: [], next: START });
      const [atZero, atOne] = await store.append([
        appendTo(newStream(), 0, []),
        appendTo(newStream(), 1, []),
      ]);
      expect(atZero).toMatchObject({ ok: true, revision: 0, position: undefined });
      expect(atOne).toEqual({ ok: false, conflict: { actualRevision: 0 } });
      expect(await store.head()).toBe(START);
    },
  },
  {
    name: "the first event of a stream has revision 1, and an append answers with the stream's revision",
    async test({ store }) {
      const stream = newStream();
      const first = await appended(store, stream, 0, newEvents(3));
      const second = await appended(store, stream, 3, newEvents(1));
      expect([first.revision, second.revision]).toEqual([3, 4]);
      const events = await readStream(store, stream);
      expect(events.map(({ revision }) => revision)).toEqual([1, 2, 3, 4]);
      expect([events[2]?.position, events[3]?.position]).toEqual([first.position, second.position]);
      expect(await store.head()).toBe(second.position);
    },
  },
  {
    name: "a conflict is a result and writes nothing",
    async test({ store }) {
      const stream = newStream();
      await appended(store, stream, 0, newEvents(3));
      const before = await readWholeLog(store);
      for (const expected of [0, 2, 4]) {
        const [result] = await store.append([appendTo(stream, expected, newEvents(2))]);
        expect(result).toEqual({ ok: false, conflict: { actualRevision: 3 } });
      }
      expect(await readWholeLog(store)).toEqual(before);
    },
  },
  {
    name: "in a batch each append stands or falls alone, and results are in input order",
    async test({ store }) {
      const [old, other] = [newStream(), newStream()];
      await appended(store, old, 0, newEvents(2));
      await appended(store, other, 0, newEvents(1));
      const [fresh, missing] = [newStream(), newStream()];
      const results = await store.append([
        appendTo(fresh, 0, newEvents(2)),
        appendTo(missing, 1, newEvents(1)),
        appendTo(old, 2, newEvents(1)),
        appendTo(other, 0, newEvents(1)),
      ]);
      expect(results).toMatchObject([
        { ok: true, revision: 2 },
        { ok: false, conflict: { actualRevision: 0 } },
        { ok: true, revision: 3 },
        { ok: false, conflict: { actualRevision: 1 } },
      ]);
      const lengths = await store.read(
        [fresh, missing, old, other].map((stream) => ({ stream, afterRevision: 0 })),
      );
      expect(lengths.map(({ events }) => events.length)).toEqual([2, 0, 3, 1]);
    },
  },
  {
    name: "an append without events confirms the head or reports the conflict, and writes nothing",
    async test({ store }) {
      const stream = newStream();
      const { position } = await appended(store, stream, 0, newEvents(2));
      const [confirmed] = await store.append([appendTo(stream, 2, [])]);
      const [behind] = await store.append([appendTo(stream, 1, [])]);
      expect(confirmed).toMatchObject({ ok: true, revision: 2, position: undefined });
      expect(behind).toEqual({ ok: false, conflict: { actualRevision: 2 } });
      expect(await store.head()).toBe(position);
    },
  },
  {
    name: "an append to no stream does nothing, and a stream named twice is refused before anything is written",
    async test({ store }) {
      expect(await store.append([])).toEqual([]);
      const stream = newStream();
      const twice = [appendTo(stream, 0, newEvents(1)), appendTo(stream, 0, newEvents(1))];
      await expect(store.append(twice)).rejects.toThrow();
      expect(await store.head()).toBe(START);
    },
  },
  {
    name: "of two appends to one new stream from two instances exactly one wins",
    async test({ store, second }) {
      const other = await second();
      for (let round = 0; round < 40; round++) {
        const stream = newStream();
        const race = (instance: EventStore) => instance.append([appendTo(stream, 0, newEvents(1))]);
        const results = (await Promise.all([race(store), race(other)])).flat();
        expect(results.filter(({ ok }) => ok)).toHaveLength(1);
        expect(results.find(({ ok }) => !ok)).toEqual({ ok: false, conflict: { actualRevision: 1 } });
        expect(await readStream(store, stream)).toHaveLength(1);
      }
    },
  },
  {
    name: "an append sent again with the same ids is answered as at first and stored once",
    async test({ store, second }) {
      const stream = newStream();
      const append = appendTo(stream, 0, newEvents(3));
      const first = await store.append([append]);
      expect(await store.append([append])).toEqual(first);
      await appended(store, stream, 3, newEvents(2));
      expect(await (await second()).append([append])).toEqual(first);
      expect(await readWholeLog(store)).toHaveLength(5);
    },
  },
  {
    name: "other events at a revision already taken are a conflict, even if some ids are the same",
    async test({ store }) {
      const stream = newStream();
      const [one, two] = [newEvent(), newEvent()];
      await appended(store, stream, 0, [one, two]);
      const results = [
        await store.append([appendTo(stream, 0, [newEvent(), two])]),
        await store.append([appendTo(stream, 0, [one, two, newEvent()])]),
        await store.append([appendTo(stream, 1, [newEvent()])]),
      ];
      expect(results.flat()).toEqual(Array(3).fill({ ok: false, conflict: { actualRevision: 2 } }));
    },
  },
  {
    name: "an append that stands on another stream is a conflict where that has moved on, and writes nothing",
    async test({ store }) {
      expect(store.checksReads).toBe(true);
      const [read, other, own, fresh, missing] = Array.from({ length: 5 }, newStream) as [
        ...[string, string, string, string, string],
      ];
      await appended(store, read, 0, newEvents(2));
      await appended(store, other, 0, newEvents(1));
      await appended(store, own, 0, newEvents(1));
      const on = (append: Append, stream: string, revision: number) => ({
        ...append,
        reads: { stream, revision },
      });
      const before = await readWholeLog(store);
      for (const revision of [0, 1, 3]) {
        const moved = await store.append([
          on(appendTo(own, 1, newEvents(1)), read, revision),
          on(appendTo(fresh, 0, newEvents(1)), read, revision),
          on(appendTo(other, 1, []), read, revision),
          on(appendTo(missing, 0, newEvents(1)), newStream(), 1),
        ]);
        expect(moved).toEqual(
          [1, 0, 1, 0].map((actualRevision) => ({ ok: false, conflict: { actualRevision } })),
        );
      }
      expect(await readWholeLog(store)).toEqual(before);
      const append = on(appendTo(own, 1, newEvents(1)), read, 2);
      const results = await store.append([
        append,
        on(appendTo(fresh, 0, newEvents(1)), other, 1),
        on(appendTo(other, 1, []), read, 2),
        on(appendTo(missing, 0, newEvents(1)), read, 3),
        appendTo(read, 2, newEvents(1)),
      ]);
      expect(results).toMatchObject([
        ...[
          { ok: true, revision: 2 },
          { ok: true, revision: 1 },
          { ok: true, revision: 1 },
        ],
        ...[
          { ok: false, conflict: { actualRevision: 0 } },
          { ok: true, revision: 3 },
        ],
      ]);
      // Sent again, it is answered as at first, though what it stood on has moved on.
      expect(await store.append([append])).toEqual([results[0]]);
      expect(await readWholeLog(store)).toHaveLength(before.length + 3);
    },
  },
  {
    name: "an append whose signal aborts is unknown, and sent again is stored once",
    async test({ store }) {
      for (let round = 0; round < 20; round++) {
        const append = appendTo(newStream(), 0, newEvents(2));
        const impatient = new AbortController();
        const sent = store.append([append], impatient.signal);
        impatient.abort();
        await sent.catch((error: unknown) => expect(error).toBeInstanceOf(OutcomeUnknown));
        const [result] = await store.append([append]);
        expect(result).toMatchObject({ ok: true, revision: 2 });
        expect(await readStream(store, append.stream)).toHaveLength(2);
      }
    },
  },
  {
    name: "a thousand appends make one batch",
    async test({ store }) {
      const batch = Array.from({ length: 1000 }, (_, i) =>
        appendTo(newStream(), 0, [newEvent(`"${i}"`)], i % SLICES),
      );
      const results = await store.append(batch);
      expect(results.every((result) => result.ok && result.revision === 1)).toBe(true);
      const log = await readWholeLog(store);
      expect(log.map(({ stream }) => stream).toSorted()).toEqual(
        batch.map(({ stream }) => stream).toSorted(),
      );
    },
  },
];
