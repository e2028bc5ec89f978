import type { CommandAnswer } from "@taem/client";
import { z } from "zod";
import type { Kind } from "./mapping.ts";

const count = z.int().min(0);
const points = z.string().regex(/^\d+$/).transform(BigInt);

/** What became of the rows. Every row is one of `taken`, `replayed` and `rejected`. */
export const tallySchema = z.strictObject({
  /** Rows read, the header not among them. */
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
    rows: 0,
    membersEnrolled: 0,
    taken: { earn: 0, reversal: 0, opening_balance: 0 },
    zeroEffect: 0,
    replayed: 0,
    rejected: {},
    credited: 0n,
    reversed: 0n,
    unmatched: 0n,
    waived: 0n,
    debt: 0n,
  };
}

export function countReject(tally: Tally, reason: string, rows = 1): void {
  tally.rejected[reason] = (tally.rejected[reason] ?? 0) + rows;
}

export function countTaken(tally: Tally, kind: Kind, { replayed, effect }: CommandAnswer): void {
  if (replayed) {
    tally.replayed += 1;
    return;
  }
  tally.taken[kind] += 1;
  const moved = BigInt(effect.points);
  if (moved === 0n) tally.zeroEffect += 1;
  if (kind !== "reversal") {
    tally.credited += moved;
    return;
  }
  tally.reversed += moved;
  const { unmatched = "0", waived = "0", expired = "0", debt = "0" } = effect.clawback ?? {};
  tally.unmatched += BigInt(unmatched);
  tally.waived += BigInt(waived) + BigInt(expired);
  tally.debt += BigInt(debt);
}

/** Adds what became of some rows. */
export function addTally(total: Tally, some: Tally): void {
  const { rejected, taken, ...sums } = some;
  for (const [reason, rows] of Object.entries(rejected)) countReject(total, reason, rows);
  for (const kind of Object.keys(taken) as Kind[]) total.taken[kind] += taken[kind];
  for (const name of ["rows", "membersEnrolled", "zeroEffect", "replayed"] as const)
    total[name] += sums[name];
  for (const name of ["credited", "reversed", "unmatched", "waived", "debt"] as const)
    total[name] += sums[name];
}

export function rejectedRows(tally: Tally): number {
  return Object.values(tally.rejected).reduce((sum, some) => sum + some, 0);
}

/** The tally as JSON has it. */
export function tallyBody(tally: Tally): z.input<typeof tallySchema> {
  const { credited, reversed, unmatched, waived, debt, ...counts } = tally;
  return {
    ...counts,
    credited: String(credited),
    reversed: String(reversed),
    unmatched: String(unmatched),
    waived: String(waived),
    debt: String(debt),
  };
}
