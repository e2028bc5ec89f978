import type { BenchRun } from "../bench-run.ts";
import { fillTo } from "../fill.ts";
import { Installation } from "../installation.ts";
import { costs, type Measured, measure } from "../measure.ts";
import { count, rate, ratio } from "../report.ts";
import { singleRequests } from "../requests.ts";

/** What a command costs when the log is long, against when it was short. */
export async function growth(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  await using server = await installation.startCommands();
  await installation.prepare(server);
  const next = singleRequests(installation.token, installation.nextLine);
  const lineAt = (events: number, measured: Measured, ...beside: string[]): void => {
    run.report.add(
      `cost of a command at ${count(events)} events`,
      `${count(measured.cpu.total)} µs of CPU`,
      costs(measured),
      rate(measured.perSecond, "commands"),
      ...beside,
    );
  };

  const first = await installation.events();
  const short = await measure(run, server, installation, next);
  lineAt(first, short);
  await fillTo(run, server, installation, run.settings.BENCH_EVENTS);
  const last = await installation.events();
  const long = await measure(run, server, installation, next);
  const inCpu = `${ratio(long.cpu.total, short.cpu.total)} times the CPU, aim at most 1.30`;
  const inTime = `${ratio(short.perSecond, long.perSecond)} times the time`;
  lineAt(last, long, inCpu, inTime);
}
