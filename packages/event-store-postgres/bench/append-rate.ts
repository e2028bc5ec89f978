/**
 * Durable appends per second beside what the same server does with a bare insert of the same rows, and the rate of
 * reading the log back. Run on an idle machine: node packages/event-store-postgres/bench/append-rate.ts
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { START } from "@taem/event-store";
import {
  byteaArray,
  type Database,
  int8Array,
  openPool,
  startEmbeddedPostgres,
  textArray,
  uuidArray,
} from "@taem/postgres";
import { openPostgresEventStore, type PostgresEventStore } from "../src/index.ts";

const EVENTS = 200_000;
const STREAMS = 50_000;
const BATCH = 256;

const DATA = JSON.stringify({
  account: randomUUID(),
  amount: "12345",
  lot: {
    id: randomUUID(),
    availableFrom: 1_795_312_133_474,
    expiresAt: 1_826_848_133_474,
    rule: "r1",
    version: 3,
  },
  source: { system: "shop", id: "order-000000123", leg: "1" },
  reason: "purchase".repeat(8),
});
const META = JSON.stringify({ actor: "key-1", correlation: randomUUID(), causation: randomUUID() });

async function timed(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`${what.padEnd(48)} ${Math.round(count / seconds).toLocaleString("en")} events/s\n`);
}

/** Every caller has one flush in flight and takes every n-th stream. */
async function appendAll(stores: readonly PostgresEventStore[], batchSize: number): Promise<void> {
  const names = Array.from({ length: STREAMS }, () => `taem.account-${randomUUID()}`);
  const heads = new Array<number>(STREAMS).fill(0);
  let sent = 0;
  const call = async (store: PostgresEventStore, caller: number) => {
    for (let cursor = caller; sent < EVENTS; ) {
      sent += batchSize;
      const indexes = Array.from({ length: batchSize }, (_, i) => (cursor + i * stores.length) % STREAMS);
      cursor += batchSize * stores.length;
      const results = await store.append(
        indexes.map((index) => ({
          stream: names[index] as string,
          slice: index % 64,
          expectedRevision: heads[index] as number,
          events: [{ id: randomUUID(), type: "PointsEarned", data: DATA, meta: META }],
        })),
      );
      for (const [i, result] of results.entries()) {
        if (!result.ok) throw new Error("conflict");
        heads[indexes[i] as number] = result.revision;
      }
    }
  };
  await Promise.all(stores.map(call));
}

/** The same rows and indexes without a lock, a check of revisions or a notification. */
async function insertBare(database: Database): Promise<void> {
  await database.query(`
    CREATE TABLE IF NOT EXISTS bare (LIKE taem_store.events INCLUDING ALL); TRUNCATE bare`);
  const text = `INSERT INTO bare
    SELECT p, p * 7919 % ${STREAMS}, 1795312133474, p / ${STREAMS} + 1, 1, i, g, 'PointsEarned', d, m
      FROM unnest($1::int8[], $2::uuid[], $3::text[], $4::text[], $5::bytea[]) AS x (p, i, d, m, g)`;
  const digests = Array.from({ length: BATCH }, () => randomBytes(32).toString("hex"));
  for (let position = 0; position < EVENTS; position += BATCH) {
    await database.query({ name: "bare", text }, [
      int8Array(Array.from({ length: BATCH }, (_, i) => BigInt(position + i + 1))),
      uuidArray(Array.from({ length: BATCH }, () => randomUUID())),
      textArray(Array(BATCH).fill(DATA)),
      textArray(Array(BATCH).fill(META)),
      byteaArray(digests),
    ]);
  }
}

async function readAll(store: PostgresEventStore): Promise<void> {
  let position = START;
  for (let read = 0; read < EVENTS; ) {
    const page = await store.readLog(position, 1000);
    read += page.events.length;
    position = page.next;
  }
}

const dataDir = await mkdtemp(join(tmpdir(), "taem-bench-"));
const server = await startEmbeddedPostgres({ dataDir });
const database = openPool({ url: server.url, max: 1, applicationName: "bench" });
const stores = [
  await openPostgresEventStore({ url: server.url }),
  await openPostgresEventStore({ url: server.url }),
] as const;
try {
  // Twice: the first round also writes the log's files, which later ones overwrite.
  for (const round of ["cold", "warm"]) {
    process.stdout.write(`${round}, ${DATA.length + META.length} bytes of data and meta an event\n`);
    await timed("bare insert, 256 rows, 1 caller", EVENTS, () => insertBare(database));
    await timed("append, 256 streams, 1 caller", EVENTS, () => appendAll([stores[0]], BATCH));
    await timed("append, 256 streams, 2 instances", EVENTS, () => appendAll(stores, BATCH));
    await timed("append, 1000 streams, 1 caller", EVENTS, () => appendAll([stores[0]], 1000));
  }
  await timed("read the log, pages of 1000", EVENTS, () => readAll(stores[0]));
} finally {
  await Promise.all(stores.map((store) => store.close()));
  await database.close();
  await server.stop();
  await rm(dataDir, { recursive: true });
}
