import type { Database } from "@taem/postgres";
import type { BenchRun } from "../bench-run.ts";
import { Installation } from "../installation.ts";
import { rate } from "../report.ts";

const PAYLOAD = "x".repeat(550);
const [INSERTED_ROWS, COPIED_ROWS] = [256, 2_000];

/** What this machine's PostgreSQL takes in, without any of ours: rows of an event's size, durable. */
export async function ceilings(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  const { database } = installation;
  const seconds = run.settings.BENCH_SECONDS;
  await createTable(database);
  const payloads = Array.from({ length: INSERTED_ROWS }, () => PAYLOAD);
  const inserted = await perSecond(seconds, INSERTED_ROWS, async () => {
    await database.query("INSERT INTO ceiling (payload) SELECT unnest($1::text[])", [payloads]);
  });
  run.report.add("PostgreSQL: multi-row insert", rate(inserted, "rows"), "256 rows of 550 bytes");

  await createTable(database);
  let position = 0;
  const copied = await perSecond(seconds, COPIED_ROWS, async () => {
    const batch = Array.from({ length: COPIED_ROWS }, () => [++position, PAYLOAD]);
    await database.copyInto("ceiling", ["position", "payload"], batch);
  });
  run.report.add("PostgreSQL: COPY", rate(copied, "rows"), "2,000 rows of 550 bytes");
}

async function createTable(database: Database): Promise<void> {
  await database.query("DROP TABLE IF EXISTS ceiling");
  await database.query("CREATE TABLE ceiling (position bigserial PRIMARY KEY, payload text NOT NULL)");
}

async function perSecond(seconds: number, rows: number, work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  const until = begin + seconds * 1_000;
  let batches = 0;
  for (; performance.now() < until; batches++) await work();
  return (rows * batches * 1_000) / (performance.now() - begin);
}
