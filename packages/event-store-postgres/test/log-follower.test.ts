import { START } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { afterEach, expect, test, vi } from "vitest";
import { followLog } from "../src/log-follower.ts";
import { WakeUps } from "../src/wake-ups.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ROW = [1n, "taem.account-1", 1, "0e0b7a1c-5d4e-4d1c-9a52-0d4f2b6a7c11", "T", "{}", "{}", 0, 1n];

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
  const done = new AbortController();
  const pages = followLog(database, wakeUps, START, 10, {}, done.signal);
  expect((await pages.next()).value?.events).toHaveLength(1);
  await pages.return(undefined);
});

test("without any wake-up the head is looked at again after a while", async () => {
  vi.useFakeTimers();
  const answers = [[], [], [ROW]];
  const database = { queryArrays: () => Promise.resolve(answers.shift()) } as unknown as Queryable;
  const done = new AbortController();
  const pages = followLog(database, new WakeUps(), START, 10, {}, done.signal);
  const next = pages.next();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await next).value?.events).toHaveLength(1);
  await pages.return(undefined);
});
