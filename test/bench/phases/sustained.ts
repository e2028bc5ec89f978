import type { BenchRun } from "../bench-run.ts";
import { drained } from "../fill.ts";
import { Installation } from "../installation.ts";
import { LagProbe } from "../lag-probe.ts";
import { generateLoad, type LoadProgress } from "../load-generator.ts";
import { CLIENTS, costs, metered, warmUpSeconds } from "../measure.ts";
import { count, latency, rate } from "../report.ts";
import { singleRequests } from "../requests.ts";

/** Everything live in one process, at a rate that is offered whether or not it is kept up with. */
export async function sustained(run: BenchRun): Promise<void> {
  const { BENCH_RATE: offered, BENCH_SUSTAINED_SECONDS: seconds } = run.settings;
  await using installation = await Installation.create(run);
  await using server = await installation.startEverything();
  await installation.prepare(server);
  const next = singleRequests(installation.token, installation.nextLine);
  const load = { port: server.port, clients: CLIENTS, next, perSecond: offered };
  await generateLoad({ ...load, until: { seconds: warmUpSeconds(run) } });

  await using probe = await LagProbe.start(installation, server);
  const onProgress = (progress: LoadProgress) => {
    const perSecond = rate(progress.answers / progress.seconds, "commands");
    run.progress.show(`sustained: ${count(progress.seconds)} of ${count(seconds)} s, ${perSecond}`);
  };
  const result = await metered(server, installation, () =>
    generateLoad({ ...load, until: { seconds }, onProgress }),
  );
  probe.stop();
  const backlog = await installation.backlog();
  const drainSeconds = await drained(run, installation);
  const lag = await probe.finish();

  const reached = result.missed === 0 ? "kept up with" : `NOT kept up with: ${count(result.missed)} not sent`;
  run.report.add(
    `sustained for ${count(seconds)} s, everything live, one process`,
    rate(result.perSecond, "commands"),
    `${count(offered)}/s offered, ${reached}`,
    `${latency(result)} from when they were due`,
    costs(result),
    "aim 6,000/s",
  );
  run.report.add(
    `projection lag, ${count(lag.samples)} probes`,
    `p99 ${count(lag.p99)} ms`,
    `p50 ${count(lag.p50)} ms, longest ${count(lag.longest)} ms`,
    "aim p99 under 1,000 ms",
  );
  run.report.add(
    "projection backlog when the load ended",
    `${count(backlog)} events`,
    `gone after ${drainSeconds.toFixed(1)} s`,
  );
}
