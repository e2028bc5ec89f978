import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiKey, SCOPES } from "@taem/http";
import { startEmbeddedPostgres } from "@taem/postgres";
import { openPlatform, type Platform, readConfig } from "@taem/standalone";
import { rawCopy, rawInsert } from "./ceilings.ts";
import { generateLoad, type LoadResult, type NextRequest } from "./load-generator.ts";
import { latency, mustAllBe, Report, rate, share } from "./measurements.ts";
import { startServer } from "./processes.ts";
import {
  bulkRequests,
  hotBurns,
  prepare,
  singleRequests,
  transfersOnly,
  type WorkloadOptions,
} from "./workload.ts";

/** `pnpm bench`: what this machine can do, and how near the product comes. Run it on an idle machine. */

const CLIENTS = 64;
const BULK_CLIENTS = 4;
const BULK_LINES = 500;
const MEMBERS = 10_000;
const SERVER = "services/standalone/src/cli.ts";
const BARE = "test/bench/bare-main.ts";
const [API_PORT, SECOND_PORT, BARE_PORT] = [21_501, 21_502, 21_503];

interface Bench {
  readonly report: Report;
  readonly platform: Platform;
  readonly environment: Readonly<Record<string, string>>;
  readonly token: string;
  readonly seconds: number;
}

const seconds = Number(process.env["BENCH_SECONDS"] ?? 10);
const report = new Report((line) => process.stdout.write(`${line}\n`));
const directory = await mkdtemp(join(tmpdir(), "taem-bench-"));
try {
  await using postgres = await startEmbeddedPostgres({ dataDir: join(directory, "postgres") });
  const environment = { DATABASE_URL: postgres.url, TAEM_LOG_LEVEL: "info" };
  await using platform = await openPlatform(readConfig({ ...environment, TAEM_LOG_LEVEL: "error" }));
  const { token } = await createApiKey(platform.apiKeyStore, {
    name: "bench",
    programme: null,
    scopes: SCOPES,
  });
  const bench: Bench = { report, platform, environment, token, seconds };
  await ceilings(bench);
  const bare = await bareServer(bench);
  await commandsAlone(bench, bare);
  process.stdout.write(`\n${report.markdown()}\n`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function ceilings({ report, platform }: Bench): Promise<void> {
  report.add(
    "PostgreSQL: multi-row insert, 256 rows of 550 bytes",
    rate(await rawInsert(platform.database), "rows"),
  );
  report.add("PostgreSQL: COPY, 2,000 rows of 550 bytes", rate(await rawCopy(platform.database), "rows"));
}

interface BareRates {
  readonly single: number;
  readonly bulk: number;
}

async function bareServer(bench: Bench): Promise<BareRates> {
  await using server = await startServer(BARE, [], BARE_PORT, bench.environment);
  const single = await load(bench, server.port, CLIENTS, singleRequests(workload(bench, "bare")));
  bench.report.add("bare server: requests, 64 clients", rate(single.perSecond, "requests"), latency(single));
  const bulk = await load(
    bench,
    server.port,
    BULK_CLIENTS,
    bulkRequests(workload(bench, "bare-bulk"), BULK_LINES),
  );
  bench.report.add("bare server: bulk lines", rate(bulk.perSecond * BULK_LINES, "lines"));
  return { single: single.perSecond, bulk: bulk.perSecond * BULK_LINES };
}

async function commandsAlone(bench: Bench, bare: BareRates): Promise<void> {
  const { report, environment } = bench;
  const alone = { ...environment, TAEM_SERVICES: "commands" };
  await using server = await startServer(SERVER, ["start"], API_PORT, alone);
  await prepare(`http://127.0.0.1:${server.port}`, workload(bench, "prepare"));

  const single = await load(bench, server.port, CLIENTS, singleRequests(workload(bench, "single")));
  report.add(
    "commands accepted, 64 clients",
    rate(single.perSecond, "commands"),
    `${share(single.perSecond, bare.single)}, ${latency(single)}`,
  );

  const bulk = await load(
    bench,
    server.port,
    BULK_CLIENTS,
    bulkRequests(workload(bench, "bulk"), BULK_LINES),
  );
  report.add(
    "bulk commands",
    rate(bulk.perSecond * BULK_LINES, "commands"),
    share(bulk.perSecond * BULK_LINES, bare.bulk),
  );

  const transfers = await load(bench, server.port, CLIENTS, transfersOnly(workload(bench, "transfers")));
  report.add("transfers, 64 clients", rate(transfers.perSecond, "transfers"), latency(transfers));

  const hot = await load(bench, server.port, CLIENTS, hotBurns(workload(bench, "hot")));
  report.add("burns of one account, one instance", rate(hot.perSecond, "burns"), latency(hot));

  await using second = await startServer(SERVER, ["start"], SECOND_PORT, alone);
  const halves = await Promise.all(
    [server, second].map(({ port }, i) =>
      load(bench, port, CLIENTS / 2, hotBurns(workload(bench, `hot-${i}`))),
    ),
  );
  const both = halves.reduce((sum, half) => sum + half.perSecond, 0);
  report.add(
    "burns of one account, over two instances",
    rate(both, "burns"),
    halves.map(latency).join(" and "),
  );
  report.add("memory of the first instance", `${Math.round(await server.memory())} MiB`);
}

function workload({ token }: Bench, run: string): WorkloadOptions {
  return { token, members: MEMBERS, run };
}

async function load(
  { seconds }: Bench,
  port: number,
  clients: number,
  next: NextRequest,
): Promise<LoadResult> {
  const result = await generateLoad({
    port,
    clients,
    seconds,
    warmUpSeconds: Math.min(3, seconds / 2),
    next,
  });
  mustAllBe(result, "200", "201");
  return result;
}
