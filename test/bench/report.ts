import type { LoadResult } from "./load-generator.ts";

/** One line of the report. */
interface Measurement {
  readonly what: string;
  /** Formatted, with its unit. */
  readonly result: string;
  /** The ceiling or aim that it is held against, and what else belongs to it. */
  readonly beside: string;
}

export class Report {
  readonly #print: (line: string) => void;
  readonly #lines: Measurement[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(what: string, result: string, ...beside: readonly string[]): void {
    const line = { what, result, beside: beside.join("; ") };
    this.#lines.push(line);
    this.#print(`${line.what.padEnd(58)} ${line.result.padStart(24)}   ${line.beside}`);
  }

  /** Says what the figures after it were measured with. */
  note(line: string): void {
    this.#print(line);
  }

  /** As a table for a README. */
  markdown(): string {
    const rows = this.#lines.map(({ what, result, beside }) => `| ${what} | ${result} | ${beside} |`);
    return ["| what | measured | beside |", "| --- | ---: | --- |", ...rows].join("\n");
  }
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function rate(perSecond: number, unit: string): string {
  return `${count(perSecond)} ${unit}/s`;
}

export function latency({ p50, p99 }: LoadResult): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

export function share(of: number, ceiling: number): string {
  return `${Math.round((100 * of) / ceiling)} % of ${count(ceiling)}/s`;
}

export function ratio(of: number, to: number): string {
  return (of / to).toFixed(2);
}

export function megabytes(value: number): string {
  return `${count(value)} MB`;
}
