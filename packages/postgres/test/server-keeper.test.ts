import { expect, test } from "vitest";
import type { PostgresError } from "../src/index.ts";
import { ServerKeeper } from "../src/server-keeper.ts";

const PACE = { look: 1, pause: 1 };

/** A server that does not run, and what became of attempts to keep it running. */
function kept(start: () => Promise<void>) {
  const warnings: string[] = [];
  const givenUp = Promise.withResolvers<PostgresError>();
  const counts = { starts: 0 };
  const keeper = new ServerKeeper(
    {
      isRunning: async () => false,
      start: () => {
        counts.starts += 1;
        return start();
      },
      warn: (message) => void warnings.push(message),
      onGivenUp: givenUp.resolve,
    },
    PACE,
  );
  return { keeper, warnings, givenUp: givenUp.promise, counts };
}

test.each([
  ["ends again and again", async () => {}, /ended 5 times within 10 minutes/],
  ["does not start", () => Promise.reject(new Error("no space left on device")), /no space left on device/],
])("a server that %s is given up, and why is said", async (_, start, why) => {
  const { keeper, givenUp, counts } = kept(start);
  const error = await givenUp;
  expect([error.code, error.message]).toEqual(["postgres_not_kept", expect.stringMatching(why)]);
  expect(counts.starts).toBe(5);
  await keeper.stop();
});

test("whoever stops waits for a start under way, and none begins after it", async () => {
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { keeper, warnings, counts } = kept(async () => {
    begun.resolve();
    await finish.promise;
  });
  await begun.promise;
  const stopped = keeper.stop();
  finish.resolve();
  await stopped;
  expect(counts.starts).toBe(1);
  expect(warnings).toEqual([
    "the database server has ended; starting it again",
    "the database server runs again",
  ]);
});
