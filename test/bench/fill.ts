import { setTimeout as delay } from "node:timers/promises";
import type { BenchRun } from "./bench-run.ts";
import type { Installation } from "./installation.ts";
import { generateLoad } from "./load-generator.ts";
import { BULK_CLIENTS, BULK_LINES } from "./measure.ts";
import type { ServerProcess } from "./processes.ts";
import { count, rate } from "./report.ts";
import { bulkRequests, type NextLine } from "./requests.ts";

/** A transfer is two events. */
const EVENTS_PER_LINE = 1.05;
const POLL_MS = 100;

/** Sends commands by the bulk route until the log holds so many events. */
export async function fillTo(
  run: BenchRun,
  server: ServerProcess,
  installation: Installation,
  events: number,
): Promise<void> {
  for (let at = await installation.events(); at < events; at = await installation.events()) {
    const lines = (events - at) / EVENTS_PER_LINE;
    await sendBulk(run, server, installation.token, installation.nextLine, lines);
  }
}

/** At least so many commands; rejects if one is refused. */
export async function sendBulk(
  { progress }: BenchRun,
  { port }: ServerProcess,
  token: string,
  nextLine: NextLine,
  lines: number,
): Promise<void> {
  await generateLoad({
    port,
    clients: BULK_CLIENTS,
    next: bulkRequests(token, nextLine, BULK_LINES),
    until: { requests: Math.ceil(lines / BULK_LINES) },
    onProgress: ({ answers, seconds }) => {
      const sent = answers * BULK_LINES;
      progress.show(
        `filling: ${count(sent)} of ${count(lines)} commands, ${rate(sent / seconds, "commands")}`,
      );
    },
  });
  progress.clear();
}

/** Waits until the ledger has applied all that there is; seconds. */
export async function drained({ progress }: BenchRun, installation: Installation): Promise<number> {
  const begin = performance.now();
  for (let left = await installation.backlog(); left > 0; left = await installation.backlog()) {
    progress.show(`projecting: ${count(left)} events left`);
    await delay(POLL_MS);
  }
  progress.clear();
  return (performance.now() - begin) / 1_000;
}
