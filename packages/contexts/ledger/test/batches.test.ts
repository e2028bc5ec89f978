import { type ProjectorOptions, storeLogSource } from "@taem/processing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedgerProjection } from "../src/read-model/ledger-projection.ts";
import { Installation, projected } from "./support/installation.ts";
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

/** Has a projector make the tables from nothing, up to a position. */
async function projectAnew(options: Partial<ProjectorOptions> = {}, position?: string): Promise<void> {
  const projector = await installation.newProjector(options);
  await projector.start();
  await projected(projector, position ?? (await installation.store.head()));
  await projector.stop();
}

/** The tables as batches of this size make them. */
async function rowsInBatchesOf(batchSize: number): Promise<Record<string, unknown>> {
  await projectAnew({ batchSize });
  const { database } = installation;
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
  await projectAnew();
  expect(await installation.verify()).toMatchObject({ ok: true });
  const { rows } = await installation.database.query(
    "SELECT status, amount, captured FROM taem_ledger.holds WHERE amount = 520 ORDER BY no",
  );
  expect(rows).toEqual([
    { status: "captured", amount: "520", captured: "510" },
    { status: "timed_out", amount: "520", captured: "0" },
  ]);
});

test("in the midst of an effect that takes several events, the rows are those of the fold so far", async () => {
  const { store, simulation } = installation;
  const hoarder = simulation.accounts.at(-1)?.stream ?? "";
  const [stream] = await store.read([{ stream: hoarder, afterRevision: 0 }]);
  const capture = stream?.events.find(({ type }) => type === "HoldCaptured");
  if (capture === undefined) throw new Error("nothing was captured");
  expect(stream?.events[capture.revision]).toMatchObject({ type: "HoldCaptured" });
  const { position } = capture;
  const follow: typeof store.follow = async function* (after, options) {
    for await (const page of store.follow(after, options)) {
      const events = page.events.filter((event) => event.position <= position);
      if (page.next <= position) yield page;
      else if (events.length > 0) yield { events, next: position };
    }
  };
  await projectAnew({ source: storeLogSource({ follow }) }, position);
  expect(await installation.verify()).toMatchObject({ ok: true, position });
});
