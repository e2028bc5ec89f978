import { countedDatabase } from "@taem/postgres/testing";
import { Projector, storeLogSource } from "@taem/processing";
import { createLogger, createMetrics, systemClock } from "@taem/runtime";
import { expect, test, vi } from "vitest";
import { defineProgramme, enrolMany, succeeds } from "../../../../../test/support/programme.ts";
import { scheduleProjection } from "../../src/schedule/schedule-projection.ts";
import { Installation, MONTHLY } from "./support/installation.ts";

test("a batch with sweeps and transfers is written in one round trip, its checkpoints with it", async () => {
  await using installation = await Installation.open();
  const { api, testStore } = installation;
  await defineProgramme(api, "club", MONTHLY);
  await enrolMany(api, "club", "m", 2);
  const path = "/v1/programmes/club/members/ext:m-0";
  await installation.earn(path);
  const points = { currency: "PTS", points: "60" };
  await succeeds(api.post(`${path}/transfers`, { ...points, to: "ext:m-1" }, "transfer"));

  const { asked, database } = countedDatabase(installation.database);
  const { store } = testStore;
  const projector = new Projector({
    database,
    store,
    projection: scheduleProjection(),
    source: storeLogSource(store),
    logger: createLogger({ service: "scheduler", level: "silent" }),
    metrics: createMetrics(),
    clock: systemClock,
  });
  const position = await store.head();
  await projector.start();
  const begun = { ...asked };
  await vi.waitFor(() => expect(projector.hasReached({ slice: 0, position })).toBe(true), 20_000);
  await projector.stop();
  expect(asked.writes).toBe(1);
  expect(asked).toMatchObject({ transactions: begun.transactions, copies: 0 });
  for (const table of ["sweeps", "transfers", "ended_transfers"]) {
    const { rowCount } = await installation.database.query(`SELECT FROM taem_schedule.${table}`);
    expect(rowCount, table).toBeGreaterThan(0);
  }
});
