import { basename } from "node:path";
import { columns, type Line, linesOf, number, rejects } from "./report-lines.ts";
import { type Tally, tallyBody } from "./tally.ts";

export interface Report {
  readonly file: string;
  readonly programme: string;
  readonly outcome: "complete" | "interrupted" | "stopped";
  readonly tally: Tally;
  /** Rows of the last run alone, and the seconds it took. */
  readonly rowsNow: number;
  readonly seconds: number;
}

/** The report as JSON has it; amounts of points as decimal strings. */
export function reportBody({ tally, seconds, ...rest }: Report): object {
  return {
    ...rest,
    seconds: rounded(seconds),
    rowsPerSecond: rate(rest.rowsNow, seconds),
    ...tallyBody(tally),
  };
}

/** The report as people read it. */
export function reportTable(report: Report): string {
  const { file, programme, outcome, tally, rowsNow, seconds } = report;
  const { taken } = tally;
  const lines: Line[] = [
    ...linesOf(tally),
    ["members enrolled", tally.membersEnrolled],
    ["earns", taken.earn],
    ["reversals", taken.reversal],
    ["opening balances", taken.opening_balance],
    ["replayed", tally.replayed, "in the ledger before, under the same keys"],
    ["zero effect", tally.zeroEffect, "taken, but moved no points"],
    ...rejects(tally),
    ["points credited", tally.credited],
    ...expired(tally),
    ["points reversed", tally.reversed],
    ["  of them waived", tally.waived, "given up by policy, or expired"],
    ["  of them owed", tally.debt],
    ["points unmatched", tally.unmatched, "asked back, but no earn stood against them"],
  ];
  const speed = `${number(rowsNow)} rows in ${rounded(seconds)} s, ${number(rate(rowsNow, seconds))} rows/s`;
  const title = `Import of ${basename(file)} into ${programme}: ${outcome}`;
  return `${title}\n\n${columns(lines)}\n\n${speed}\n`;
}

function expired({ expiredOnArrival, pointsExpired }: Tally): Line[] {
  if (expiredOnArrival === 0) return [];
  return [
    ["  of them expired", pointsExpired, `in ${number(expiredOnArrival)} opening balances, when they came`],
  ];
}

function rate(rows: number, seconds: number): number {
  return seconds === 0 ? 0 : Math.round(rows / seconds);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
