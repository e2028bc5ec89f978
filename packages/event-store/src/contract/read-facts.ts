import { SLICES } from "@taem/kernel";
import { expect } from "vitest";
import { type RecordedEvent, START } from "../event-store.ts";
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

const AWKWARD = [
  "{}",
  '{"name":"แต้มสะสม ๑๒๓ – ผู้ใหญ่"}',
  '{"emoji":"👩‍👩‍👧‍👦🏴󠁧󠁢󠁷󠁬󠁳󠁿","combining":"e\u0301","same":"é"}',
  '{"escapes":"\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000 \\ud800"}',
  '{"raw":"\u007f\u0085\u00a0\u2028\u2029\ufeff\ufffd"}',
  '{"amount":"999999999999999999999999999999.000000000000000001","number":1e+30}',
  "{'quotes': '''', dollar: $1 $$ $f$, copy: \\N \\., percent: %s, array: {a,\"b\",NULL}}",
  '  {"spaces" :\t"kept" }\n',
  "",
];

const lastPosition = (events: readonly RecordedEvent[]) => events.at(-1)?.position ?? START;

export const readFacts: readonly Fact[] = [
  {
    name: "events come back as they were written, byte for byte",
    async test({ store, second }) {
      const stream = newStream();
      const long = `{"long":"${"ก".repeat(100_000)}"}`;
      const written = [...AWKWARD, long].map((text) => ({
        ...newEvent(text),
        type: "ทดสอบ.Type-1",
        meta: text,
      }));
      await appended(store, stream, 0, written, SLICES - 1);
      const read = await readStream(await second(), stream);
      expect(read.map(({ id, type, data, meta }) => ({ id, type, data, meta }))).toEqual(written);
      expect(read.map((event) => [event.stream, event.slice])).toEqual(
        written.map(() => [stream, SLICES - 1]),
      );
    },
  },
  {
    name: "many streams are read at once, in input order, each after its revision and up to its limit",
    async test({ store }) {
      const [long, short, missing] = [newStream(), newStream(), newStream()];
      await appended(store, long, 0, newEvents(10));
      await appended(store, short, 0, newEvents(2));
      const slices = await store.read([
        { stream: missing, afterRevision: 0 },
        { stream: long, afterRevision: 7 },
        { stream: short, afterRevision: 2 },
        { stream: long, afterRevision: 2, limit: 3 },
        { stream: short, afterRevision: 0, limit: 100 },
      ]);
      const revisions = slices.map(({ events }) => events.map(({ revision }) => revision));
      expect(revisions).toEqual([[], [8, 9, 10], [], [3, 4, 5], [1, 2]]);
      expect(slices[1]?.events.every(({ stream }) => stream === long)).toBe(true);
      expect(await store.read([])).toEqual([]);
    },
  },
  {
    name: "one stream is read in pages of the size asked for",
    async test({ store }) {
      const stream = newStream();
      await appended(store, stream, 0, newEvents(25));
      await appended(store, newStream(), 0, newEvents(5));
      const revisions = async (after: number, size?: number) => {
        const pages: number[][] = [];
        for await (const page of store.readStream(stream, after, size)) {
          pages.push(page.map(({ revision }) => revision));
        }
        return pages;
      };
      const fromTen = Array.from({ length: 15 }, (_, i) => i + 11);
      expect(await revisions(10, 6)).toEqual([fromTen.slice(0, 6), fromTen.slice(6, 12), fromTen.slice(12)]);
      expect(await revisions(10, 5)).toEqual([fromTen.slice(0, 5), fromTen.slice(5, 10), fromTen.slice(10)]);
      expect(await revisions(10)).toEqual([fromTen]);
      expect(await revisions(25)).toEqual([]);
    },
  },
  {
    name: "the log is read from any position, and positions sort as they follow each other",
    async test({ store }) {
      for (let i = 0; i < 12; i++) {
        await store.append(
          Array.from({ length: 10 }, () => appendTo(newStream(), 0, newEvents((i % 3) + 1))),
        );
      }
      const log = await readWholeLog(store);
      const positions = log.map(({ position }) => position);
      expect(log).toHaveLength(240);
      expect(positions).toEqual([...new Set(positions)].sort());
      expect(positions[0] !== undefined && positions[0] > START).toBe(true);
      expect(await store.head()).toBe(lastPosition(log));
      for (let i = 0; i < log.length; i += 7) {
        const page = await store.readLog(lastPosition(log.slice(0, i)), 9);
        expect(page).toEqual({ events: log.slice(i, i + 9), next: lastPosition(log.slice(i, i + 9)) });
      }
      expect(await store.readLog(lastPosition(log), 9)).toEqual({ events: [], next: lastPosition(log) });
    },
  },
  {
    name: "the log is filtered by slices",
    async test({ store }) {
      const batch = Array.from({ length: 200 }, (_, i) => appendTo(newStream(), 0, newEvents(1), i % 10));
      await store.append(batch);
      const wanted = (await readWholeLog(store)).filter(({ slice }) => slice === 3 || slice === 8);
      const first = await store.readLog(START, 25, { slices: [8, 3] });
      const rest = await store.readLog(first.next, 25, { slices: [8, 3] });
      expect([...first.events, ...rest.events]).toEqual(wanted);
      expect(await store.readLog(rest.next, 25, { slices: [8, 3] })).toEqual({ events: [], next: rest.next });
      expect(await store.readLog(START, 25, { slices: [44] })).toEqual({ events: [], next: START });
    },
  },
  {
    name: "a date maps to a position by the running maximum of recordedAt",
    async test({ store }) {
      const instants = new Set<number>();
      while (instants.size < 6) {
        const stream = newStream();
        await appended(store, stream, 0, newEvents(2));
        for (const { recordedAt } of await readStream(store, stream)) instants.add(recordedAt);
      }
      const log = await readWholeLog(store);
      const expected = (instant: number) => {
        const firstLater = log.findIndex(({ recordedAt }) => recordedAt > instant);
        return lastPosition(firstLater === -1 ? log : log.slice(0, firstLater));
      };
      for (const instant of instants) {
        for (const t of [instant - 1, instant, instant + 1])
          expect(await store.positionAt(t)).toBe(expected(t));
      }
      expect(await store.positionAt(0)).toBe(START);
      expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(lastPosition(log));
    },
  },
];
