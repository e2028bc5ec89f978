import type { Database } from "@taem/postgres";

/** What this machine's PostgreSQL takes in, without any of ours: rows of an event's size, durable. Rows a second. */

const PAYLOAD = "x".repeat(550);
const SECONDS = 4;

export async function rawInsert(database: Database, rows = 256): Promise<number> {
  await createTable(database);
  const payloads = Array.from({ length: rows }, () => PAYLOAD);
  return perSecond(rows, async () => {
    await database.query("INSERT INTO ceiling (payload) SELECT unnest($1::text[])", [payloads]);
  });
}

export async function rawCopy(database: Database, rows = 2_000): Promise<number> {
  await createTable(database);
  let position = 0;
  return perSecond(rows, async () => {
    const batch = Array.from({ length: rows }, () => [++position, PAYLOAD]);
    await database.copyInto("ceiling", ["position", "payload"], batch);
  });
}

async function createTable(database: Database): Promise<void> {
  await database.query("DROP TABLE IF EXISTS ceiling");
  await database.query("CREATE TABLE ceiling (position bigserial PRIMARY KEY, payload text NOT NULL)");
}

async function perSecond(rows: number, work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  const until = begin + SECONDS * 1000;
  let batches = 0;
  for (; performance.now() < until; batches++) await work();
  return (rows * batches * 1000) / (performance.now() - begin);
}
