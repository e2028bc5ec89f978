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
