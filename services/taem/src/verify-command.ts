import { verifySnapshots } from "@taem/event-store";
import {
  acceptedLosses,
  aggregatesOf,
  openToolPlatform,
  type Platform,
  projectionsOf,
  readConfig,
  whoReadAnotherLog,
} from "@taem/host";
import { LEDGER, verifyLedger } from "@taem/ledger";
import {
  describeDifference,
  heldMessages,
  type Parked,
  QUEUE_TABLES,
  type RebuildProgress,
  verifyRows,
} from "@taem/processing";
import { Command } from "commander";
import { contexts } from "./contexts.ts";
import { ProgressBar } from "./progress-bar.ts";

/** Exit code where the ledger disagrees with itself, so that a script can tell it from a failure to look. */
const DISAGREES = 3;

type Print = (line: string) => void;

/** Streams that are parked; undefined where something differs, which was printed. */
type Found = readonly Parked[] | undefined;

/** `taem verify`: the log against its digests, and the read models against the log. */
export function verifyCommand(print: Print): Command {
  return new Command("verify")
    .description(
      "recompute every balance three ways, check every stored event, make every other read model and schedule anew beside the live one, and fold what there are snapshots of; fails with the first difference; lists what is parked, and lost events that were accepted",
    )
    .action(async () => {
      const config = readConfig(process.env);
      await using platform = await openToolPlatform(config, contexts);
      const astray = await whoReadAnotherLog(platform, config);
      if (astray !== undefined) {
        process.exitCode = DISAGREES;
        // Against rows of what the log has not, no comparison says anything.
        print(`the log disagrees: checkpoint, ${astray.message} (${astray.code})`);
        return;
      }
      const ofLedger = await inLedger(platform, print);
      const ofOthers = ofLedger && (await inOtherProjections(platform, print));
      const parked = ofOthers && [...ofLedger, ...ofOthers];
      const snapshotsAgree = await inSnapshots(platform, print);
      if (parked?.length !== 0 || !snapshotsAgree) process.exitCode = DISAGREES;
      if (parked !== undefined && parked.length > 0) printParked(parked, print);
      await printHeld(platform, print);
      await printLosses(platform, print);
    });
}

/** The log, and what the ledger makes of it by a reading of its own. */
async function inLedger(platform: Platform, print: Print): Promise<Found> {
  const began = performance.now();
  using bar = new ProgressBar();
  const verification = await verifyLedger({
    ...platform,
    onProgress: ({ phase, done, total }) => bar.show(phase, done, total),
  });
  bar.end();
  if (!verification.ok && verification.discrepancy !== undefined) {
    const { check, where, expected, actual } = verification.discrepancy;
    print(`the ledger disagrees: ${check}, ${where}: expected ${expected}, found ${actual}`);
    return undefined;
  }
  const { events, accounts, position } = verification;
  const speed = count(Math.round((1000 * events) / (performance.now() - began)));
  print(
    `${count(events)} events of ${count(accounts)} accounts agree with the read models, up to ${position}`,
  );
  print(`${speed} events/s, comparison included`);
  const head = await platform.store.head();
  for (const { stream, what, position: at } of verification.foreign)
    print(`passed over at ${at}: the stream ${stream} ${what}`);
  if (!verification.ok) {
    for (const { stream, what } of verification.damaged)
      print(`the log disagrees: the stream ${stream} ${what}`);
    if (verification.damaged.length > 0) process.exitCode = DISAGREES;
  }
  if (head > position)
    print(`the log goes on to ${head}: what the read models have not read yet was not looked at`);
  return verification.ok ? [] : verification.parked;
}

/** All that is not the ledger's, what is due included, against rows that are made for it. */
async function inOtherProjections(platform: Platform, print: Print): Promise<Found> {
  const parked: Parked[] = [];
  for (const projection of projectionsOf(platform)) {
    if (projection.name === LEDGER) continue;
    using bar = new ProgressBar();
    const onProgress = ({ phase, done, total = done }: RebuildProgress) =>
      bar.show(`${projection.name}: ${phase}`, done, total);
    const found = await verifyRows({ ...platform, projection, onProgress });
    bar.end();
    if (found?.difference !== undefined) {
      print(`${projection.name} disagrees: ${describeDifference(found.difference)}`);
      return undefined;
    }
    print(found === undefined ? `${projection.name}: not projected yet` : `${projection.name}: row for row`);
    parked.push(...(found?.parked ?? []));
  }
  return parked;
}

/** Commands drop one that is not what its stream says: it is a trace, and no damage. */
async function inSnapshots(platform: Platform, print: Print): Promise<boolean> {
  using bar = new ProgressBar();
  let looked = 0;
  let differing = 0;
  for await (const page of verifySnapshots(platform.snapshots, platform.store, aggregatesOf(platform))) {
    looked += page.looked;
    differing += page.differing.length;
    bar.show("snapshots", looked, looked);
    for (const { stream, revision, reason } of page.differing)
      print(`the snapshot of ${stream} at event ${revision} disagrees: ${reason}`);
  }
  bar.end();
  print(`snapshots: ${count(looked - differing)} of ${count(looked)} are what their streams say`);
  return differing === 0;
}

/** They were accepted, so nothing is wrong; but nobody must think that nothing was ever lost. */
async function printLosses({ database }: Platform, print: Print): Promise<void> {
  for (const { projection, readTo, head, acceptedAt } of await acceptedLosses(database))
    print(
      `accepted on ${acceptedAt}: ${projection} had read up to ${readTo}, and the log ended at ${head || "its start"}`,
    );
}

function printParked(parked: readonly Parked[], print: Print): void {
  print(`${count(parked.length)} streams are parked, and what is parked of them is in no read model:`);
  for (const { key, revision, position, error } of parked)
    print(`  ${key} from event ${revision} at ${position}: ${error}`);
  print("mend the cause, then `taem parked replay`");
}

/** No row hangs on them, but what they ask for has not been done. */
async function printHeld({ database }: Platform, print: Print): Promise<void> {
  let held = 0;
  for (const table of QUEUE_TABLES)
    for await (const { state } of heldMessages(database, table)) if (state !== "refused") held++;
  if (held > 0)
    print(`messages of queues that are not carried out: ${count(held)}, see \`taem parked list\``);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
