import type { CommandAnswer } from "@taem/client";
import { z } from "zod";
import type { Kind } from "./mapping.ts";
import { Ignored, Rejection } from "./reject-reasons.ts";
import type { Outcome, Transaction } from "./row-reader.ts";

const count = z.int().min(0);
const points = z.string().regex(/^\d+$/).transform(BigInt);

/** What became of the file. Lines are rows and ignored lines; every row is one of `taken`, `replayed` and `rejected`. */
export const tallySchema = z.strictObject({
  /** Lines of the file that were read. */
  lines: count,
  /** Lines that are none of its transactions, by reason. */
  ignored: z.record(z.string(), count),
  /** Transactions, and lines that could not be read as such. */
  rows: count,
  membersEnrolled: count,
  /** Taken now, by kind. */
  taken: z.strictObject({ earn: count, reversal: count, opening_balance: count }),
  /** Of those, the ones that moved no points. */
  zeroEffect: count,
  /** In the ledger before, under the same key and with the same meaning. */
  replayed: count,
  /** By reason. */
  rejected: z.record(z.string(), count),
  /** Points credited by what was taken now. */
  credited: points,
  /** Opening balances that had expired when they came, and their points. */
  expiredOnArrival: count,
  pointsExpired: points,
  /** Points that returns asked back for; what no earn stood against is counted apart. */
  reversed: points,
  unmatched: points,
  /** Of the points asked back: given up by policy or expired, and owed. */
  waived: points,
  debt: points,
});

export type Tally = z.output<typeof tallySchema>;

export function emptyTally(): Tally {
  return {
    lines: 0,
    ignored: {},
    rows: 0,
    membersEnrolled: 0,
    taken: { earn: 0, reversal: 0, opening_balance: 0 },
    zeroEffect: 0,
    replayed: 0,
    rejected: {},
    credited: 0n,
    expiredOnArrival: 0,
    pointsExpired: 0n,
    reversed: 0n,
    unmatched: 0n,
    waived: 0n,
    debt: 0n,
  };
}

/** Counts the lines of a row. What becomes of a transaction is counted when it is known. */
export function countRow(tally: Tally, lines: number, outcome: Outcome): void {
  tally.lines += lines;
  if (outcome instanceof Ignored) {
    countInto(tally.ignored, outcome.reason, lines);
    return;
  }
  tally.rows += 1;
  if (lines > 1) countInto(tally.ignored, "continued", lines - 1);
  if (outcome instanceof Rejection) countInto(tally.rejected, outcome.reason, 1);
}

function countInto(counts: Record<string, number>, name: string, some: number): void {
  counts[name] = (counts[name] ?? 0) + some;
}

/** Counts a transaction that the API refused. */
export function countReject(tally: Tally, code: string): void {
  countInto(tally.rejected, code, 1);
}

/** Counts a transaction that the API took. `arrival` is where the programme's clock stood, in milliseconds since the epoch. */
export function countTaken(
  tally: Tally,
  { kind, occurredAt, expiresAt }: Transaction,
  { replayed, effect }: CommandAnswer,
  arrival: number,
): void {
  if (replayed) {
    tally.replayed += 1;
    return;
  }
  tally.taken[kind] += 1;
  const moved = BigInt(effect.points);
  if (moved === 0n) tally.zeroEffect += 1;
  if (kind !== "reversal") {
    tally.credited += moved;
    if (typeof expiresAt !== "number" || expiresAt > Math.max(occurredAt, arrival)) return;
    tally.expiredOnArrival += 1;
    tally.pointsExpired += moved;
    return;
  }
  tally.reversed += moved;
  const { unmatched = "0", waived = "0", expired = "0", debt = "0" } = effect.clawback ?? {};
  tally.unmatched += BigInt(unmatched);
  tally.waived += BigInt(waived) + BigInt(expired);
  tally.debt += BigInt(debt);
}

const COUNTS = ["lines", "rows", "membersEnrolled", "zeroEffect", "replayed", "expiredOnArrival"] as const;
const POINTS = ["credited", "pointsExpired", "reversed", "unmatched", "waived", "debt"] as const;

/** Adds what became of some rows. */
export function addTally(total: Tally, some: Tally): void {
  for (const [reason, lines] of Object.entries(some.ignored)) countInto(total.ignored, reason, lines);
  for (const [reason, rows] of Object.entries(some.rejected)) countInto(total.rejected, reason, rows);
  for (const kind of Object.keys(some.taken) as Kind[]) total.taken[kind] += some.taken[kind];
  for (const name of COUNTS) total[name] += some[name];
  for (const name of POINTS) total[name] += some[name];
}

export function rejectedRows({ rejected }: Tally): number {
  return sum(rejected);
}

export function ignoredLines({ ignored }: Tally): number {
  return sum(ignored);
}

/** Rows of the table, also those that the mapping's conditions leave out. */
export function rowsMeant({ rows, ignored: { only = 0, skip = 0 } }: Tally): number {
  return rows + only + skip;
}

export function takenRows({ taken }: Tally): number {
  return sum(taken);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, some) => total + some, 0);
}

/** The tally as JSON has it. */
export function tallyBody(tally: Tally): z.input<typeof tallySchema> {
  const strings = Object.fromEntries(POINTS.map((name) => [name, String(tally[name])]));
  return { ...tally, ...(strings as Record<(typeof POINTS)[number], string>) };
}
