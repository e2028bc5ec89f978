import { openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { runTool } from "@taem/testing/program-process";
import { expect, test } from "vitest";
import { ClockGuard } from "../src/clock-guard.ts";

// Failure: one machine's clock runs ahead, and within seconds all points of all members have expired, for good.

const MINUTE = 60_000;
const DIFFER = { code: "clocks_differ", message: expect.stringMatching(/set the one that is wrong/) };

/** A guard on a clock that is this far ahead of the machine's, and a time that the test lets go by. */
async function openGuard() {
  const database = await createTestDatabase();
  const pool = openPool({ url: database.url, max: 1, applicationName: "clock-guard-test" });
  const time = { aheadMs: 0, elapsedMs: 0 };
  let asked = 0;
  const counted = {
    query: (text: string) => {
      asked += 1;
      return pool.query(text);
    },
  };
  const clock = { now: () => Date.now() + time.aheadMs };
  const guard = new ClockGuard(counted as never, clock, () => time.elapsedMs);
  return {
    time,
    guard,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test.each([4 * MINUTE, -4 * MINUTE])("clocks that are %i ms apart agree", async (aheadMs) => {
  await using opened = await openGuard();
  opened.time.aheadMs = aheadMs;
  await opened.guard.assertAgreed();
});

test.each([6 * MINUTE, -6 * MINUTE, 400 * 24 * 60 * MINUTE])(
  "clocks that are %i ms apart do not",
  async (aheadMs) => {
    await using opened = await openGuard();
    opened.time.aheadMs = aheadMs;
    for (let i = 0; i < 2; i++) await expect(opened.guard.assertAgreed()).rejects.toMatchObject(DIFFER);
    opened.time.aheadMs = 0;
    await opened.guard.assertAgreed();
  },
);

test("PostgreSQL is asked now and then, and at once where the clock has jumped", async () => {
  await using opened = await openGuard();
  const { time, guard, asked } = opened;
  for (let i = 0; i < 3; i++) await guard.assertAgreed();
  expect(asked()).toBe(1);
  time.elapsedMs += 11_000;
  await guard.assertAgreed();
  expect(asked()).toBe(2);
  expect(guard.doubt).toBeUndefined();
  time.aheadMs = 6 * MINUTE;
  // Known at once, and until PostgreSQL has said otherwise.
  expect(guard.doubt).toMatchObject({ code: "clocks_differ" });
  await expect(guard.assertAgreed()).rejects.toMatchObject(DIFFER);
  time.aheadMs = 0;
  expect(guard.doubt).toMatchObject(DIFFER);
  await guard.assertAgreed();
  expect(guard.doubt).toBeUndefined();
});

test("a process on a clock that is 400 days ahead does not start", async () => {
  await using database = await createTestDatabase();
  const ahead = 400 * 24 * 60 * MINUTE;
  const shift = `data:text/javascript,const/**/now=Date.now;Date.now=()=>now()+${ahead}`;
  const environment = { DATABASE_URL: database.url, TAEM_PORT: "0", NODE_OPTIONS: `--import=${shift}` };
  const { exitCode, err } = await runTool(["start"], environment);
  expect([exitCode, err]).toEqual([
    1,
    expect.stringMatching(/^taem: clocks_differ: .* 34560000 seconds apart/),
  ]);
});
