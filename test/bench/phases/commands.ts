import type { BenchRun } from "../bench-run.ts";
import { Installation } from "../installation.ts";
import { BULK_CLIENTS, BULK_LINES, costs, measure } from "../measure.ts";
import { latency, rate, share } from "../report.ts";
import { bulkRequests, singleRequests } from "../requests.ts";
import { bareRates } from "./bare-server.ts";

/** The commands service alone, held against the bare server. */
export async function commands(run: BenchRun): Promise<void> {
  const bare = await bareRates(run);
  await using installation = await Installation.create(run);
  await using server = await installation.startCommands();
  await installation.prepare(server);
  const { token, nextLine } = installation;

  const single = await measure(run, server, installation, singleRequests(token, nextLine));
  run.report.add(
    "commands accepted, 64 clients, nothing projected",
    rate(single.perSecond, "commands"),
    `${share(single.perSecond, bare.single)}, aim 80 %`,
    `${latency(single)}, aim under 30 ms`,
    costs(single),
  );

  const requests = bulkRequests(token, nextLine, BULK_LINES);
  const bulk = await measure(run, server, installation, requests, BULK_CLIENTS);
  const lines = bulk.perSecond * BULK_LINES;
  const aims = [`${share(lines, bare.bulk)}, aim 70 %`, "aim 20,000/s", costs(bulk, BULK_LINES)];
  run.report.add("bulk commands, 4 clients, nothing projected", rate(lines, "commands"), ...aims);
}

/** Transfers between any two accounts. */
export async function transfers(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  await using server = await installation.startCommands();
  await installation.prepare(server);
  const next = singleRequests(installation.token, installation.nextTransfer);
  const measured = await measure(run, server, installation, next);
  const beside = [latency(measured), "aim 3,000/s", costs(measured)];
  run.report.add("transfers, 64 clients", rate(measured.perSecond, "transfers"), ...beside);
}
