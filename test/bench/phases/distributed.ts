import { setTimeout as delay } from "node:timers/promises";
import type { BenchRun } from "../bench-run.ts";
import { nodeOptions, startDistributedServers } from "../distributed-servers.ts";
import { sendBulk } from "../fill.ts";
import { Installation } from "../installation.ts";
import { LagProbe } from "../lag-probe.ts";
import { generateLoad } from "../load-generator.ts";
import { CLIENTS, costs, measure, metered, warmUpSeconds } from "../measure.ts";
import { memoryOf } from "../process-usage.ts";
import type { ServerProcess } from "../processes.ts";
import { count, latency, megabytes, rate } from "../report.ts";
import { bulkRequests, singleRequests } from "../requests.ts";

const SERVICES = ["commands", "relay", "ledger", "scheduler"] as const;
/** As a connector sends what came together. */
const CONNECTOR_LINES = 20;
const POLL_MS = 50;

/** Each service in a process of its own, on EventStoreDB and Kafka. */
export async function distributed(run: BenchRun): Promise<void> {
  const servers = run.resources.use(await startDistributedServers());
  run.report.note(servers.description);
  await using installation = await Installation.create(run, servers.environment);
  const processes = new Map<string, ServerProcess>();
  await using undo = new AsyncDisposableStack();
  for (const service of SERVICES)
    processes.set(service, undo.use(await installation.start(service, nodeOptions(service))));
  const commands = processes.get("commands") as ServerProcess;
  await installation.prepare(commands);
  await shown(run, installation);

  const next = singleRequests(installation.token, installation.nextLine);
  const accepted = await measure(run, commands, installation, next);
  run.report.add(
    "commands accepted, 64 clients, everything live, apart",
    rate(accepted.perSecond, "commands"),
    latency(accepted),
    costs(accepted),
  );
  await shown(run, installation);
  for (const lines of [1, CONNECTOR_LINES]) await visible(run, installation, commands, lines);
  for (const [service, server] of processes) reportMemory(run, service, server);
  for (const service of ["relay", "ledger", "scheduler"])
    await processes.get(service)?.[Symbol.asyncDispose]();
  await catchUp(run, installation, commands);
}

function reportMemory(run: BenchRun, service: string, { pid }: ServerProcess): void {
  const { peak, files } = memoryOf(pid);
  run.report.add(
    `memory of ${service} at its peak`,
    megabytes(peak),
    `${megabytes(files)} of it pages of files, mostly Node's program, which processes share`,
    "aim under 150 MB",
  );
}

/** From the answer to a command until the ledger's tables show it, at a rate that is offered, so many commands a request. */
async function visible(
  run: BenchRun,
  installation: Installation,
  commands: ServerProcess,
  lines: number,
): Promise<void> {
  const { BENCH_VISIBLE_RATE: offered, BENCH_VISIBLE_SECONDS: seconds } = run.settings;
  const { token, nextLine } = installation;
  const next = lines === 1 ? singleRequests(token, nextLine) : bulkRequests(token, nextLine, lines);
  const load = { port: commands.port, clients: CLIENTS, next, perSecond: offered / lines };
  await generateLoad({ ...load, until: { seconds: warmUpSeconds(run) } });
  await using probe = await LagProbe.start(installation, commands);
  const result = await metered(commands, installation, () => generateLoad({ ...load, until: { seconds } }));
  probe.stop();
  const lag = await probe.finish();
  const reached =
    result.missed === 0 ? "kept up with" : `NOT kept up with: ${rate(result.perSecond * lines, "taken")}`;
  run.report.add(
    `append to visible, ${count(lines)} a request, ${count(lag.samples)} probes`,
    `p50 ${count(lag.p50)} ms, p99 ${count(lag.p99)} ms`,
    `${count(offered)} commands/s offered for ${count(seconds)} s, ${reached}`,
    costs(result, lines),
    "aim p50 under 150 ms, p99 under 1,000 ms",
  );
  await shown(run, installation);
}

/** The log grows while only commands are taken; then the relay tells Kafka, then the ledger reads it. */
async function catchUp(run: BenchRun, installation: Installation, commands: ServerProcess): Promise<void> {
  const before = await installation.projected();
  await sendBulk(
    run,
    commands,
    installation.token,
    installation.nextLine,
    run.settings.BENCH_CATCH_UP / 1.05,
  );
  const head = await installation.platform.store.head();
  await using relay = await timed(installation, "relay", async () => (await relayed(installation)) >= head);
  // The relay stays: it is what tells a slice without recent events that it is up to date.
  await using ledger = await timed(installation, "ledger", () => isShown(installation, head));
  const events = (await installation.projected()) - before;
  run.report.add("relay catches up", rate(events / relay.seconds, "events"), `${count(events)} events`);
  run.report.add(
    "ledger catches up, from Kafka",
    rate(events / ledger.seconds, "events"),
    `${count(events)} events in ${ledger.seconds.toFixed(1)} s`,
  );
  for (const [service, server] of [
    ["relay", relay],
    ["ledger", ledger],
  ] as const)
    reportMemory(run, `${service}, catching up,`, server);
}

/** A service that was just started, and how long it took from its being ready until something was so. */
async function timed(
  installation: Installation,
  service: string,
  done: () => Promise<boolean>,
): Promise<ServerProcess & { readonly seconds: number }> {
  await using undo = new AsyncDisposableStack();
  const server = undo.use(await installation.start(service, nodeOptions(service)));
  const begin = performance.now();
  while (!(await done())) await delay(POLL_MS);
  undo.move();
  return { ...server, seconds: (performance.now() - begin) / 1_000 };
}

async function relayed({ database }: Installation): Promise<string> {
  const [row] = await database.queryArrays<[string]>("SELECT position FROM taem_relay.state");
  return row?.[0] ?? "";
}

async function isShown({ database }: Installation, head: string): Promise<boolean> {
  const rows = await database.queryArrays(
    `SELECT FROM taem_ledger.checkpoints WHERE position < $1 COLLATE "C" LIMIT 1`,
    [head],
  );
  return rows.length === 0;
}

/** Waits until the ledger's tables show everything. */
async function shown({ progress }: BenchRun, installation: Installation): Promise<void> {
  const head = await installation.platform.store.head();
  progress.show("waiting for the ledger");
  while (!(await isShown(installation, head))) await delay(POLL_MS);
  progress.clear();
}
