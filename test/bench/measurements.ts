import type { LoadResult } from "./load-generator.ts";

/** One line of the report. */
export interface Measurement {
  readonly what: string;
  /** Formatted, with its unit. */
  readonly result: string;
  /** What it is held against, and how it compares. */
  readonly beside: string;
}

export class Report {
  readonly #print: (line: string) => void;
  readonly #lines: Measurement[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(what: string, result: string, beside = ""): void {
    this.#lines.push({ what, result, beside });
    this.#print(`${what.padEnd(58)} ${result.padStart(22)}   ${beside}`);
  }

  /** The lines as a table for a README. */
  markdown(): string {
    const rows = this.#lines.map(({ what, result, beside }) => `| ${what} | ${result} | ${beside} |`);
    return ["| what | measured | beside |", "| --- | ---: | --- |", ...rows].join("\n");
  }
}

export function rate(perSecond: number, unit: string): string {
  return `${Math.round(perSecond).toLocaleString("en-US")} ${unit}/s`;
}

export function latency({ p50, p99 }: LoadResult): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

export function share(of: number, ceiling: number): string {
  return `${Math.round((100 * of) / ceiling)} % of ${Math.round(ceiling).toLocaleString("en-US")}/s`;
}

/** Answers that were not expected make a figure worthless: the run stops. */
export function mustAllBe(result: LoadResult, ...statuses: readonly string[]): void {
  const others = Object.entries(result.statuses).filter(([status]) => !statuses.includes(status));
  if (others.length > 0 || result.answers === 0) {
    throw new Error(`unexpected answers: ${JSON.stringify(result.statuses)}`);
  }
}
