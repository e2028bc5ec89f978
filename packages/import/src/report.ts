import { basename } from "node:path";
import { rejectReasons } from "./reject-reasons.ts";
import { rejectedRows, type Tally, tallyBody } from "./tally.ts";

export interface Report {
  readonly file: string;
  readonly programme: string;
  readonly outcome: "complete" | "interrupted";
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

type Line = readonly [label: string, value: number | bigint | string, note?: string];

/** The report as people read it. */
export function reportTable(report: Report): string {
  const { file, programme, outcome, tally, rowsNow, seconds } = report;
  const { taken } = tally;
  const lines: Line[] = [
    ["rows read", tally.rows],
    ["members enrolled", tally.membersEnrolled],
    ["earns", taken.earn],
    ["reversals", taken.reversal],
    ["opening balances", taken.opening_balance],
    ["replayed", tally.replayed, "in the ledger before, under the same keys"],
    ["zero effect", tally.zeroEffect, "taken, but moved no points"],
    ["rejected", rejectedRows(tally)],
    ...rejects(tally),
    ["points credited", tally.credited],
    ["points reversed", tally.reversed],
    ["  of them waived", tally.waived, "given up by policy, or expired"],
    ["  of them owed", tally.debt],
    ["points unmatched", tally.unmatched, "asked back, but no earn stood against them"],
  ];
  const speed = `${number(rowsNow)} rows in ${rounded(seconds)} s, ${number(rate(rowsNow, seconds))} rows/s`;
  const title = `Import of ${basename(file)} into ${programme}: ${outcome}`;
  return `${title}\n\n${columns(lines)}\n\n${speed}\n`;
}

function rejects({ rejected }: Tally): Line[] {
  return Object.entries(rejected)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => [`  ${reason}`, count, notes[reason] ?? "refused by the API"]);
}

const notes: Readonly<Record<string, string>> = rejectReasons;

function columns(lines: readonly Line[]): string {
  const values = lines.map(([, value]) => (typeof value === "string" ? value : number(value)));
  const labelWidth = Math.max(...lines.map(([label]) => label.length));
  const valueWidth = Math.max(...values.map((value) => value.length));
  return lines
    .map(([label, , note = ""], i) =>
      `  ${label.padEnd(labelWidth)}  ${(values[i] as string).padStart(valueWidth)}  ${note}`.trimEnd(),
    )
    .join("\n");
}

function number(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

function rate(rows: number, seconds: number): number {
  return seconds === 0 ? 0 : Math.round(rows / seconds);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
