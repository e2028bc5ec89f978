import { Replay, ZoneHistory } from "@taem/ledger";
import type { BenchRun } from "../bench-run.ts";
import { drained, fillTo } from "../fill.ts";
import { Installation } from "../installation.ts";
import { count, megabytes, rate } from "../report.ts";

const PAGE = 2_000;
/** Pages read ahead of the clock at a time: enough that starting and stopping it does not matter. */
const PAGES = 10;

/** Everything that reads the whole log: catching up, `taem rebuild`, `taem verify` and the fold within it. */
export async function rebuildAndVerify(run: BenchRun): Promise<void> {
  await using installation = await Installation.create(run);
  await fill(run, installation);
  const events = await installation.events();
  {
    await using _server = await installation.startEverything();
    const before = await installation.backlog();
    const seconds = await drained(run, installation);
    const beside = `${count(before)} events, everything live`;
    run.report.add("the live ledger catches up", rate(before / seconds, "events"), beside);
  }
  const rebuild = await run.processes.runTaem(["rebuild", "ledger"], installation.environment());
  run.report.add(
    "taem rebuild ledger, with indexes and comparison",
    rate(numberIn(rebuild.output, /\(([\d,]+) events\/s/), "events"),
    `${count(numberIn(rebuild.output, /^([\d,]+) events in/m))} events`,
    "aim 60,000/s",
  );
  const verify = await run.processes.runTaem(["verify"], installation.environment());
  run.report.add(
    "taem verify, all of it",
    rate(numberIn(verify.output, /^([\d,]+) events\/s/m), "events"),
    `${count(numberIn(verify.output, /^([\d,]+) events of/m))} events`,
  );
  run.report.add("taem verify, memory at its peak", megabytes(verify.peakMemory));
  const fold = await pureFold(run, installation, events);
  run.report.add("taem verify, its fold without the database", rate(fold, "events"), "aim 150,000/s");
}

async function fill(run: BenchRun, installation: Installation): Promise<void> {
  await using server = await installation.startCommands();
  await installation.prepare(server);
  await fillTo(run, server, installation, run.settings.BENCH_EVENTS);
}

/**
 * Events a second of what `verify` does with events in memory: decode, evolve, compare revision and stated book, post.
 * Reading them is not counted.
 */
async function pureFold({ progress }: BenchRun, { platform }: Installation, total: number): Promise<number> {
  const { store } = platform;
  const replay = new Replay(new ZoneHistory(store));
  let spent = 0;
  let done = 0;
  for (let after = ""; done < total; ) {
    const pages = [];
    for (let i = 0; i < PAGES; i++) {
      const { events, next } = await store.readLog(after, PAGE);
      pages.push(events);
      after = next;
    }
    const begin = performance.now();
    for (const page of pages) await replay.add(page);
    spent += performance.now() - begin;
    done += pages.reduce((sum, page) => sum + page.length, 0);
    progress.show(`folding: ${count(done)} of ${count(total)} events`);
  }
  progress.clear();
  return (done * 1_000) / spent;
}

/** What a command says of itself. */
function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in: ${output}`);
  return Number(found.replaceAll(",", ""));
}
