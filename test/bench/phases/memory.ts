import type { BenchRun } from "../bench-run.ts";
import { drained, fillTo } from "../fill.ts";
import { Installation } from "../installation.ts";
import { measure } from "../measure.ts";
import { memoryOf } from "../process-usage.ts";
import { count, megabytes, rate } from "../report.ts";
import { singleRequests } from "../requests.ts";

const EVENTS = 1_000_000;
const AIM = "aim under 400 MB";

/** Resident memory of all services in one Node process; PostgreSQL is another. */
export async function memory(run: BenchRun): Promise<void> {
  const wanted = Math.min(EVENTS, run.settings.BENCH_EVENTS);
  await using installation = await Installation.create(run);
  {
    await using server = await installation.startEverything();
    await installation.prepare(server);
    await fillTo(run, server, installation, wanted);
    await drained(run, installation);
    const { peak } = memoryOf(server.pid);
    const events = count(await installation.events());
    run.report.add(`memory at its peak, filling to ${events} events by bulk`, megabytes(peak), AIM);
  }
  await using server = await installation.startEverything();
  await drained(run, installation);
  run.report.add("memory after a restart", megabytes(memoryOf(server.pid).now), AIM);
  const next = singleRequests(installation.token, installation.nextLine);
  const { perSecond } = await measure(run, server, installation, next);
  const { peak } = memoryOf(server.pid);
  const beside = [`64 clients, ${rate(perSecond, "commands")}, everything live`, AIM];
  run.report.add("memory at its peak, under load", megabytes(peak), ...beside);
}
