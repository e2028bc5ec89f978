import { SLICES } from "@taem/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger } from "../src/ledger.ts";
import { createLedgerProjection } from "../src/read-model/ledger-projection.ts";
import { verifyLedger } from "../src/verify/verify.ts";
import { Installation } from "./support/installation.ts";
import { hoard } from "./support/life.ts";

const { tables } = createLedgerProjection({ store: { read: async () => [] } });
const TABLES = [...tables.map(({ name }) => name), "checkpoints", "parked"];

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(5);
  await installation.populate(12, 250, 90);
  const { simulation } = installation;
  const [programme] = simulation.programmes;
  if (programme !== undefined) await hoard(simulation, simulation.open(programme, "POINT"), 540);
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

/** The tables as a projector with batches of this size makes them from nothing. */
async function rowsInBatchesOf(batchSize: number): Promise<Record<string, unknown>> {
  const { database, store, platform } = installation;
  await database.query("DROP SCHEMA IF EXISTS taem_ledger CASCADE");
  const ledger = createLedger(platform, { batchSize });
  await ledger.projection.start();
  const position = await store.head();
  for (let slice = 0; slice < SLICES; slice++) await ledger.projection.waitFor({ slice, position }, 60_000);
  await ledger.close();
  const rows: Record<string, unknown> = {};
  for (const table of TABLES)
    rows[table] = (await database.query(`SELECT * FROM taem_ledger.${table} t ORDER BY t`)).rows;
  return rows;
}

test("the same events in batches of 1, 7 and 2,000 give the same rows", async () => {
  const one = await rowsInBatchesOf(1);
  expect(await rowsInBatchesOf(7)).toEqual(one);
  expect(await rowsInBatchesOf(2_000)).toEqual(one);
}, 120_000);

test("the rows of effects that take several events are those of the fold", async () => {
  await installation.project();
  expect(await installation.ledger.verify()).toMatchObject({ ok: true });
  const { rows } = await installation.database.query(
    "SELECT status, amount, captured FROM taem_ledger.holds WHERE amount = 520 ORDER BY no",
  );
  expect(rows).toEqual([
    { status: "captured", amount: "520", captured: "510" },
    { status: "timed_out", amount: "520", captured: "0" },
  ]);
});

test("in the midst of an effect that takes several events, the rows are those of the fold so far", async () => {
  const { database, store, platform, simulation } = installation;
  const hoarder = simulation.accounts.at(-1)?.stream ?? "";
  const [stream] = await store.read([{ stream: hoarder, afterRevision: 0 }]);
  const capture = stream?.events.find(({ type }) => type === "HoldCaptured");
  if (capture === undefined) throw new Error("nothing was captured");
  expect(stream?.events[capture.revision]).toMatchObject({ type: "HoldCaptured" });
  const upTo: typeof store.readLog = async (after, limit, filter) => {
    const { events, next } = await store.readLog(after, limit, filter);
    const { position } = capture;
    const known = events.filter((event) => event.position <= position);
    return { events: known, next: next > position ? (known.at(-1)?.position ?? after) : next };
  };
  const cut: typeof platform.store = { ...platform.store, readLog: upTo, head: async () => capture.position };
  await installation.ledger.close();
  await database.query("DROP SCHEMA taem_ledger CASCADE");
  const ledger = createLedger({ ...platform, store: cut });
  await ledger.projection.start();
  await ledger.projection.waitFor({ slice: capture.slice, position: capture.position }, 60_000);
  await ledger.close();
  expect(await verifyLedger({ database, store })).toMatchObject({ ok: true });
});
