import { START } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { afterEach, expect, test, vi } from "vitest";
import type { EventRow } from "../src/event-rows.ts";
import { followLog } from "../src/log-follower.ts";
import { StreamNames } from "../src/stream-names.ts";
import { WakeUps } from "../src/wake-ups.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ROW = ["1", "1", 1, "0e0b7a1c-5d4e-4d1c-9a52-0d4f2b6a7c11", "T", "{}", "{}", 0, "1"];

/** A database with one stream, whose name is known. */
async function streamNames(): Promise<StreamNames> {
  const streams = new StreamNames();
  const database = { queryArrays: async () => [["1", "taem.account-1"]] } as unknown as Queryable;
  await streams.of(database, [ROW as unknown as EventRow]);
  return streams;
}

async function pagesOf(database: Queryable, size: number, wakeUps = new WakeUps()) {
  const { signal } = new AbortController();
  return followLog(database, await streamNames(), wakeUps, START, { limit: size, signal });
}

test("a wake-up that comes while the log is being read empty is not lost", async () => {
  // Time stands still: only a wake-up can bring the event.
  vi.useFakeTimers();
  const wakeUps = new WakeUps();
  const answers = [[], [ROW]];
  const database = {
    queryArrays: () => {
      if (answers.length === 2) wakeUps.ring();
      return Promise.resolve(answers.shift());
    },
  } as unknown as Queryable;
  const pages = await pagesOf(database, 10, wakeUps);
  expect((await pages.next()).value?.events).toHaveLength(1);
  await pages.return(undefined);
});

test("without any wake-up the head is looked at again after a while", async () => {
  vi.useFakeTimers();
  const answers = [[], [], [ROW]];
  const database = { queryArrays: () => Promise.resolve(answers.shift()) } as unknown as Queryable;
  const pages = await pagesOf(database, 10);
  const next = pages.next();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await next).value?.events).toHaveLength(1);
  await pages.return(undefined);
});

test("a full page is followed by the reading of the next, a part of a page is not", async () => {
  const asked: unknown[] = [];
  const row = (position: number) => [String(position), ...ROW.slice(1)];
  const database = {
    queryArrays: (_: unknown, [after]: [bigint]) => {
      asked.push(after);
      const count = after === 0n ? 2 : 1;
      return Promise.resolve(Array.from({ length: count }, (_, i) => row(Number(after) + i + 1)));
    },
  } as unknown as Queryable;
  const pages = await pagesOf(database, 2);
  await pages.next();
  expect(asked).toEqual([0n, 2n]);
  await pages.next();
  expect(asked).toEqual([0n, 2n]);
  await pages.next();
  expect(asked).toEqual([0n, 2n, 3n]);
  await pages.return(undefined);
});

test("a consumer that leaves while the server is away is not held up", async () => {
  const away = Object.assign(new Error("away"), { code: "ECONNREFUSED" });
  const full = [ROW];
  const database = {
    queryArrays: () => (full.length > 0 ? Promise.resolve(full.splice(0)) : Promise.reject(away)),
  } as unknown as Queryable;
  const pages = await pagesOf(database, 1);
  expect((await pages.next()).value?.events).toHaveLength(1);
  expect(await pages.return(undefined)).toEqual({ value: undefined, done: true });
});
