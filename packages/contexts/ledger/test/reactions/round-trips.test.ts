import { countedDatabase } from "@taem/postgres/testing";
import { Projector, storeLogSource } from "@taem/processing";
import { systemClock } from "@taem/runtime";
import { expect, test, vi } from "vitest";
import { defineProgramme, enrolMany, succeeds } from "../../../../../test/support/programme.ts";
import { sweeps } from "../../src/reactions/sweeps.ts";
import { transfers } from "../../src/reactions/transfers.ts";
import { Installation, MONTHLY, scheduling } from "./support/installation.ts";

test.each([
  [sweeps, "taem_sweeps.timers"],
  [transfers, "taem_queues.outbox"],
])("a batch with $name is written in one round trip, its checkpoints with it", async (reactor, table) => {
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
    ...scheduling(database),
    store,
    projection: reactor.projection,
    source: storeLogSource(store),
    clock: systemClock,
  });
  const position = await store.head();
  await projector.start();
  const begun = { ...asked };
  await vi.waitFor(() => expect(projector.hasReached({ slice: 0, position })).toBe(true), 20_000);
  await projector.stop();
  expect(asked.writes).toBe(1);
  expect(asked).toMatchObject({ transactions: begun.transactions, copies: 0 });
  const { rowCount } = await installation.database.query(`SELECT FROM ${table}`);
  expect(rowCount).toBeGreaterThan(0);
});
