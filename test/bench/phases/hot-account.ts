import { POINT } from "@taem/simulation";
import type { BenchRun } from "../bench-run.ts";
import { sendBulk } from "../fill.ts";
import { Installation } from "../installation.ts";
import { generateLoad } from "../load-generator.ts";
import { CLIENTS, costs, measure, warmUpSeconds } from "../measure.ts";
import type { ServerProcess } from "../processes.ts";
import { count, latency, rate, ratio } from "../report.ts";
import { type NextLine, singleRequests } from "../requests.ts";

const HOT = "HOT";
const member = `ext:${HOT}`;
const sourceOf = (id: string | number) => ({ system: "bench", id: String(id) });

/** Everybody spends from one account, through one instance and through two. */
export async function hotAccount(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  await using first = await installation.startCommands();
  const burns = await openHotAccount(installation, first);
  const one = await measure(run, first, installation, singleRequests(installation.token, burns));
  const beside = [latency(one), "aim 5,000/s", costs(one)];
  run.report.add("burns of one account, one instance", rate(one.perSecond, "burns"), ...beside);

  await using second = await installation.startCommands();
  const both = async (seconds: number) =>
    await Promise.all(
      [first, second].map(({ port }) => {
        const next = singleRequests(installation.token, burns);
        return generateLoad({ port, clients: CLIENTS / 2, next, until: { seconds } });
      }),
    );
  await both(warmUpSeconds(run));
  const halves = await both(run.settings.BENCH_SECONDS);
  const sum = halves.reduce((perSecond, half) => perSecond + half.perSecond, 0);
  const latencies = halves.map(latency).join(" and ");
  run.report.add("burns of one account, over two instances", rate(sum, "burns"), latencies, "aim 2,000/s");
}

/** What the keys that an account has ever been sent cost its next command. */
export async function manyKeys(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  await using server = await installation.startCommands();
  const burns = await openHotAccount(installation, server);
  const next = singleRequests(installation.token, burns);
  const few = await measure(run, server, installation, next);
  run.report.add(
    "burns of one account with few keys",
    rate(few.perSecond, "burns"),
    latency(few),
    costs(few),
  );
  await sendBulk(run, server, installation.token, burns, run.settings.BENCH_KEYS);
  const many = await measure(run, server, installation, next);
  run.report.add(
    `burns of one account with ${count(run.settings.BENCH_KEYS)} keys and more`,
    rate(many.perSecond, "burns"),
    latency(many),
    costs(many),
    `${ratio(many.perSecond, few.perSecond)} of the rate, aim at least 0.90`,
    `${ratio(many.cpu.total, few.cpu.total)} times the CPU`,
  );
}

/** Burns of one point, without end, of an account that can afford them. */
async function openHotAccount(installation: Installation, server: ServerProcess): Promise<NextLine> {
  await installation.prepare(server);
  await installation.send(server, [
    { op: "enrol", externalId: HOT },
    { op: "earn", member, currency: POINT, points: "500000000", source: sourceOf("opening") },
  ]);
  let no = 0;
  return () => ({ op: "burn", member, currency: POINT, points: "1", source: sourceOf(++no) });
}
