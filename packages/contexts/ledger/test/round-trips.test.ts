import { openPool } from "@taem/postgres";
import { countedDatabase, openTcpProxy } from "@taem/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Installation, projected } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(34);
  await installation.populate(8, 180, 60);
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

test("a batch of events of every kind is written in one round trip, its checkpoints with it", async () => {
  const { asked, database } = countedDatabase(installation.database);
  const projector = await installation.newProjector({ database });
  await projector.start();
  const begun = { ...asked };
  await projected(projector, await installation.store.head());
  await projector.stop();
  expect(asked.writes).toBe(1);
  expect(asked).toMatchObject({ transactions: begun.transactions, copies: 0 });
  expect(await installation.verify()).toMatchObject({ ok: true });
});

test("a balance is read in one round trip, one of an account without events too", async () => {
  const { simulation } = installation;
  await using proxy = await openTcpProxy(installation.url);
  await using database = openPool({ url: proxy.url, max: 1, applicationName: "round-trips" });
  await installation.start({ process: { readModels: database } });
  await installation.project();
  const roundTripsOf = async ({ programme, member, currency }: Account) => {
    const before = proxy.roundTrips;
    const path = `${programme.code}/members/${member}/balance?currency=${currency.code}`;
    expect((await installation.api.get(path)).status).toBe(200);
    return proxy.roundTrips - before;
  };
  const [busy] = simulation.accounts.filter(({ state }) => state.open.length > 0) as [Account];
  await roundTripsOf(busy);
  expect(await roundTripsOf(busy)).toBe(1);
  const unused = simulation.open(busy.programme, busy.currency.code);
  await simulation.enrol(unused);
  expect(await roundTripsOf(unused)).toBe(1);
});
