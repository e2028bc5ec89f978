import { countedDatabase } from "@taem/postgres/testing";
import { Projector, storeLogSource } from "@taem/processing";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { expect, test, vi } from "vitest";
import { sweeps } from "../../src/reactions/sweeps.ts";
import { transfers } from "../../src/reactions/transfers.ts";
import { Installation, MONTHLY } from "./support/installation.ts";

test.each([sweeps, transfers])(
  "a batch with $name is written in one round trip, its checkpoints with it",
  async ({ name, projection }) => {
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
    const { platform } = installation.service;
    const source = storeLogSource(store);
    const projector = new Projector({ ...platform, database, store, projection, source });
    const position = await store.head();
    await projector.start();
    const begun = { ...asked };
    await vi.waitFor(() => expect(projector.hasReached({ slice: 0, position })).toBe(true), 20_000);
    await projector.stop();
    expect(asked.writes).toBe(1);
    expect(asked).toMatchObject({ transactions: begun.transactions, copies: 0 });
    const { rowCount } = await installation.database.query(`SELECT FROM taem_${name}.timers`);
    expect(rowCount).toBeGreaterThan(0);
  },
);
