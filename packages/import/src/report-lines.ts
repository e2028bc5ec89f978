import { ignoreReasons, rejectReasons } from "./reject-reasons.ts";
import { ignoredLines, rejectedRows, type Tally } from "./tally.ts";

/** A line of a report as people read it. */
export type Line = readonly [label: string, value: number | bigint | string, note?: string];

/** What stands in the file. */
export function linesOf(tally: Tally): Line[] {
  return [
    ["lines read", tally.lines],
    ["ignored", ignoredLines(tally)],
    ...reasons(tally.ignored, ignoreReasons),
    ["rows read", tally.rows],
  ];
}

export function rejects(tally: Tally): Line[] {
  return [["rejected", rejectedRows(tally)], ...reasons(tally.rejected, rejectReasons)];
}

/** What was counted, the most frequent first. What has no note is a code of the API's. */
function reasons(counts: Readonly<Record<string, number>>, notes: Readonly<Record<string, string>>): Line[] {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => [`  ${reason}`, count, notes[reason] ?? "refused by the API"]);
}

export function columns(lines: readonly Line[]): string {
  const values = lines.map(([, value]) => (typeof value === "string" ? value : number(value)));
  const labelWidth = Math.max(...lines.map(([label]) => label.length));
  const valueWidth = Math.max(...values.map((value) => value.length));
  return lines
    .map(([label, , note = ""], i) =>
      `  ${label.padEnd(labelWidth)}  ${(values[i] as string).padStart(valueWidth)}  ${note}`.trimEnd(),
    )
    .join("\n");
}

export function number(value: number | bigint): string {
  return value.toLocaleString("en-US");
}
