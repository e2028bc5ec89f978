import { afterAll, beforeAll, expect, test } from "vitest";
import { replayParked } from "../src/index.ts";
import { type Installation, Numbers, openInstallation } from "./support/installation.ts";
import { count, startProjector } from "./support/projecting.ts";
import { Sums, totals, UNLUCKY } from "./support/sums.ts";

/** The program after the fix. */
class Mended extends Sums {
  override unlucky = Number.NaN;
}

let installation: Installation;
let numbers: Numbers;

beforeAll(async () => {
  installation = await openInstallation();
  numbers = new Numbers(installation.store);
});
afterAll(() => installation[Symbol.asyncDispose]());

test("a parked stream is taken up again from the store, beside a running projector, which goes on with it", async () => {
  await numbers.append(5, ["p", 1], ["p", UNLUCKY], ["p", 20], ["q", 1]);
  const { database, store } = installation;
  await using running = await startProjector(installation);
  await running.caughtUp();
  expect(await totals(database)).toEqual({ p: "1", q: "1" });

  const replayed = await replayParked(database, store, new Mended(), "taem.member-p");
  expect(replayed).toEqual({ events: 2, parked: undefined });
  await numbers.append(5, ["p", 300]);
  await running.caughtUp();
  expect(await totals(database)).toEqual({ p: String(1 + UNLUCKY + 20 + 300), q: "1" });
  expect(await count(database, "taem_sums.parked")).toBe(0);
  expect(running.projector.status().parked).toBe(0);
});

test("a long stream is read before its slice is locked: nobody waits for that", async () => {
  await numbers.append(7, ["long", UNLUCKY], ...Array.from({ length: 50 }, () => ["long", 1] as const));
  const { database, store } = installation;
  await using running = await startProjector(installation);
  await running.caughtUp();
  let read = 0;
  let underLock = 0;
  const readStream = async function* (...asked: Parameters<typeof store.readStream>) {
    for await (const page of store.readStream(...asked)) {
      read += page.length;
      if ((await count(database, LOCKED)) > 0) underLock += page.length;
      yield page;
    }
  };
  const replayed = await replayParked(database, { readStream }, new Mended(), "taem.member-long");
  expect(replayed).toEqual({ events: 51, parked: undefined });
  expect([read, underLock]).toEqual([51, 0]);
});

/** Who holds checkpoints. */
const LOCKED = `pg_locks WHERE relation = 'taem_sums.checkpoints'::regclass AND mode = 'RowShareLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

test("a stream that still fails stays parked, at the event that fails now", async () => {
  await numbers.append(6, ["r", UNLUCKY], ["r", 2], ["r", UNLUCKY]);
  const { database, store } = installation;
  await using running = await startProjector(installation);
  await running.caughtUp();
  expect(await replayParked(database, store, new Sums(), "taem.member-r")).toMatchObject({
    events: 0,
    parked: { revision: 1 },
  });
  expect(await totals(database)).not.toHaveProperty("r");
});

test("a stream that is not parked is refused", async () => {
  const { database, store } = installation;
  await using _running = await startProjector(installation);
  await expect(replayParked(database, store, new Sums(), "taem.member-q")).rejects.toMatchObject({
    code: "not_parked",
  });
});
