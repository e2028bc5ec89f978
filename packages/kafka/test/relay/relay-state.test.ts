import { migrate, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { RelayTable, relayMigrations } from "../../src/relay/relay-state.ts";

const NEARLY_OUT = "UPDATE taem_relay.state SET leased_until = clock_timestamp() + interval '1 second'";
const OUT = "UPDATE taem_relay.state SET leased_until = '-infinity'";

async function openTable() {
  const created = await createTestDatabase();
  const database = openPool({ url: created.url, max: 2, applicationName: "test" });
  await migrate(database, "relay", relayMigrations);
  const left = async () => {
    const [row] = await database.queryArrays<[number]>(
      "SELECT extract(epoch FROM leased_until - clock_timestamp())::float8 FROM taem_relay.state",
    );
    return row?.[0] ?? 0;
  };
  return {
    database,
    table: new RelayTable(database, "topic"),
    left,
    [Symbol.asyncDispose]: async () => {
      await database.close();
      await created[Symbol.asyncDispose]();
    },
  };
}

test("a leader that renews its lease is not replaced, though it has saved nothing", async () => {
  await using open = await openTable();
  const state = await open.table.claim();
  expect(await open.table.claim()).toBeUndefined();
  await open.database.query(NEARLY_OUT);
  await open.table.renew(state as NonNullable<typeof state>);
  expect(await open.left()).toBeGreaterThan(1);
  expect(await open.table.claim()).toBeUndefined();
});

test("a leader that was replaced renews nothing, and can save nothing", async () => {
  await using open = await openTable();
  const first = (await open.table.claim()) as NonNullable<Awaited<ReturnType<RelayTable["claim"]>>>;
  await open.database.query(OUT);
  expect((await open.table.claim())?.epoch).toBe(first.epoch + 1n);
  await open.database.query(NEARLY_OUT);
  await open.table.renew(first);
  expect(await open.left()).toBeLessThanOrEqual(1);
  await expect(open.table.save(first)).rejects.toMatchObject({ code: "superseded" });
});
