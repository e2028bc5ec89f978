import { expect } from "vitest";
import { type Append, type EventStore, OutcomeUnknown, START, StoreUnavailable } from "../event-store.ts";
import {
  appended,
  appendTo,
  type Fact,
  follow,
  newEvents,
  newStream,
  readStream,
  readWholeLog,
  seeded,
} from "./harness.ts";

const WRITERS = 8;
const RESTARTS = 3;

export const restartFacts: readonly Fact[] = [
  {
    name: "what was acknowledged before a restart is there after it",
    async test({ store, restart }) {
      const stream = newStream();
      await appended(store, stream, 0, newEvents(3));
      const before = await readWholeLog(store);
      await restart();
      expect(await readWholeLog(store)).toEqual(before);
      await appended(store, stream, 3, newEvents(1));
    },
  },
  {
    name: "a follower survives restarts at the head and sees what comes after them, once and in order",
    async test({ store, restart }) {
      const stream = newStream();
      const following = follow(store, START, (seen) => seen.length >= 8);
      for (let i = 0; i < 4; i++) {
        await appended(store, stream, i * 2, newEvents(2));
        await restart();
      }
      expect((await following).map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    },
  },
  {
    name: "a follower tells of what it survives, and when it reads again",
    async test({ store, restart }) {
      const stream = newStream();
      await appended(store, stream, 0, newEvents(1));
      const done = new AbortController();
      let failure: unknown;
      let failures = 0;
      const onFailure = (told: unknown) => {
        failure = told;
        if (told !== undefined) failures++;
      };
      const seen: number[] = [];
      const following = (async () => {
        for await (const { events } of store.follow(START, { limit: 10, signal: done.signal, onFailure }))
          seen.push(...events.map(({ revision }) => revision));
      })();
      const roundTrip = () => store.head().catch(() => undefined);
      while (failures === 0) {
        await restart();
        await roundTrip();
      }
      await appended(store, stream, 1, newEvents(1));
      while (seen.length < 2) await roundTrip();
      expect([seen, failure]).toEqual([[1, 2], undefined]);
      done.abort();
      await following;
    },
  },
  {
    name: "appends during restarts are made once: none lost, none doubled, and followers see exactly the log",
    async test({ store, second, restart }) {
      const other = await second();
      const sentinel = newStream();
      const following = follow(other, START, (seen) => seen.at(-1)?.stream === sentinel);
      const restarting = restartRepeatedly(restart);
      const writing = Array.from({ length: WRITERS }, (_, i) =>
        writeUntil(restarting.isOver, i % 2 === 0 ? store : other, seeded(i + 1)),
      );
      await Promise.allSettled(writing);
      await restarting.done;
      const written = await Promise.all(writing);
      for (const { stream, ids } of written) {
        expect((await readStream(store, stream)).map(({ id }) => id)).toEqual(ids);
      }
      await appended(store, sentinel, 0, newEvents(1));
      const log = await readWholeLog(store);
      expect(log).toHaveLength(written.flatMap(({ ids }) => ids).length + 1);
      expect(await following).toEqual(log);
    },
  },
  {
    name: "while the server is away a read is answered or refused as unavailable, and then answered again",
    async test({ store, restart }) {
      const stream = newStream();
      await appended(store, stream, 0, newEvents(2));
      const restarting = restartRepeatedly(restart);
      const reading = (async () => {
        while (!restarting.isOver()) {
          const events = await readStream(store, stream).catch((error: unknown) => error);
          if (events instanceof Error) expect(events).toBeInstanceOf(StoreUnavailable);
          else expect(events).toHaveLength(2);
        }
      })();
      await Promise.allSettled([reading]);
      await restarting.done;
      await reading;
      expect(await readStream(store, stream)).toHaveLength(2);
    },
  },
];

function restartRepeatedly(restart: () => Promise<void>): { done: Promise<void>; isOver: () => boolean } {
  let over = false;
  const done = (async () => {
    for (let i = 0; i < RESTARTS; i++) await restart();
  })().finally(() => {
    over = true;
  });
  return { done, isOver: () => over };
}

/** Appends to a stream of its own; now and then loses patience and sends the same again. */
async function writeUntil(
  isOver: () => boolean,
  store: EventStore,
  random: (bound: number) => number,
): Promise<{ stream: string; ids: string[] }> {
  const stream = newStream();
  const ids: string[] = [];
  while (!isOver() || ids.length < 10) {
    const append = appendTo(stream, ids.length, newEvents(random(3) + 1));
    await appendAtLast(store, append, random);
    ids.push(...append.events.map(({ id }) => id));
  }
  return { stream, ids };
}

async function appendAtLast(
  store: EventStore,
  append: Append,
  random: (bound: number) => number,
): Promise<void> {
  const impatient = new AbortController();
  if (random(10) === 0) setImmediate(() => impatient.abort());
  try {
    expect(await store.append([append], impatient.signal)).toMatchObject([{ ok: true }]);
  } catch (error) {
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(await store.append([append])).toMatchObject([{ ok: true }]);
  }
}
