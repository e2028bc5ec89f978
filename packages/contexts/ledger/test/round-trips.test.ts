import { openPool } from "@taem/postgres";
import { countedDatabase, openTcpProxy } from "@taem/postgres/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createLedger } from "../src/index.ts";
import { serve } from "./support/api.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(34);
  await installation.populate(8, 180, 60);
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

test("a batch of events of every kind is written in one round trip, its checkpoints with it", async () => {
  const { store, platform } = installation;
  const { asked, database } = countedDatabase(installation.database);
  const { projection, close } = createLedger({ ...platform, database });
  const position = await store.head();
  await projection.start();
  const begun = { ...asked };
  await vi.waitFor(() => expect(projection.hasReached({ slice: 0, position })).toBe(true), 20_000);
  await close();
  expect(asked.writes).toBe(1);
  expect(asked).toMatchObject({ transactions: begun.transactions, copies: 0 });
  expect(await installation.ledger.verify()).toMatchObject({ ok: true });
});

test("a balance is read in one round trip, one of an account without events too", async () => {
  const { platform, simulation } = installation;
  await installation.project();
  await using proxy = await openTcpProxy(installation.url);
  await using database = openPool({ url: proxy.url, max: 1, applicationName: "round-trips" });
  const ledger = createLedger({ ...platform, database });
  await using api = await serve({ ledger, platform });
  const roundTripsOf = async ({ programme, member, currency }: Account) => {
    const before = proxy.roundTrips;
    const path = `${programme.code}/members/${member}/balance?currency=${currency.code}`;
    expect((await api.get(path)).status).toBe(200);
    return proxy.roundTrips - before;
  };
  const [busy] = simulation.accounts.filter(({ state }) => state.open.length > 0) as [Account];
  await roundTripsOf(busy);
  expect(await roundTripsOf(busy)).toBe(1);
  expect(await roundTripsOf(simulation.open(busy.programme, busy.currency.code))).toBe(1);
});
