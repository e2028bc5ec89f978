import type { BenchRun } from "../bench-run.ts";
import { Installation } from "../installation.ts";
import { BULK_CLIENTS, BULK_LINES, costs, measure } from "../measure.ts";
import { latency, rate } from "../report.ts";
import { bulkRequests, singleRequests } from "../requests.ts";

/** Answers and bulk lines a second of the server without a domain. */
export interface BareRates {
  readonly single: number;
  readonly bulk: number;
}

const measured = new WeakMap<BenchRun, BareRates>();

export async function bareServer(run: BenchRun): Promise<void> {
  await bareRates(run);
}

/** The ceilings of the commands service, measured once in a run. */
export async function bareRates(run: BenchRun): Promise<BareRates> {
  const rates = measured.get(run) ?? (await measureBare(run));
  measured.set(run, rates);
  return rates;
}

async function measureBare(run: BenchRun): Promise<BareRates> {
  await using installation = await Installation.create(run);
  await using server = await run.processes.startBare(installation.environment());
  const { token, nextLine } = installation;
  const single = await measure(run, server, installation, singleRequests(token, nextLine));
  run.report.add(
    "bare server: 64 clients",
    rate(single.perSecond, "requests"),
    latency(single),
    costs(single),
  );
  const requests = bulkRequests(token, nextLine, BULK_LINES);
  const bulk = await measure(run, server, installation, requests, BULK_CLIENTS);
  const lines = bulk.perSecond * BULK_LINES;
  run.report.add("bare server: bulk", rate(lines, "lines"), costs(bulk, BULK_LINES));
  return { single: single.perSecond, bulk: lines };
}
