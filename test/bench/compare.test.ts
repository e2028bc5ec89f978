import { describe, expect, it } from "vitest";
import { differencesOf } from "./compare/difference.ts";
import { figuresOf } from "./compare/figures.ts";
import { Report } from "./report.ts";

const LATENCY = "p50 4.5 ms, p99 15.5 ms, aim under 30 ms";
const COSTS = "CPU of each: server 81 µs, PostgreSQL 26 µs";

function reportOf(...rows: readonly (readonly [what: string, result: string, ...string[]])[]): string {
  const report = new Report(() => {});
  for (const row of rows) report.add(...row);
  return `Machine: 2 cores\n\n${report.markdown()}\n`;
}

describe("the figures of a report", () => {
  it("are what was measured, without what that is held against", () => {
    const text = reportOf(["commands", "12,073 commands/s", "48 % of 25,041/s, aim 80 %", LATENCY, COSTS]);
    expect(figuresOf(text)).toEqual([
      { name: "commands", value: 12_073, unit: "commands/s", isRate: true },
      { name: "commands, p50", value: 4.5, unit: "ms", isRate: false },
      { name: "commands, p99", value: 15.5, unit: "ms", isRate: false },
      { name: "commands, server", value: 81, unit: "µs of CPU", isRate: false },
      { name: "commands, PostgreSQL", value: 26, unit: "µs of CPU", isRate: false },
    ]);
  });

  it("of a part are its ratio to the calibration loop and its bytes, and not its time", () => {
    const text = reportOf(["micro: kit", "34.20 µs", "31.05 times the calibration", "17,322 bytes"]);
    expect(figuresOf(text)).toEqual([
      { name: "micro: kit", value: 31.05, unit: "times the calibration", isRate: false },
      { name: "micro: kit", value: 17_322, unit: "bytes", isRate: false },
    ]);
  });
});

describe("two versions", () => {
  const round = (perSecond: number, p50: number) =>
    figuresOf(reportOf(["commands", `${perSecond} commands/s`, `p50 ${p50} ms, p99 9 ms`]));

  it("are compared by the middle of their rounds, the worst first, whether more is better or worse", () => {
    const before = [round(1_000, 4), round(1_100, 4), round(900, 4)];
    const after = [round(500, 2), round(500, 2), round(400, 2)];
    expect(differencesOf(before, after)).toEqual([
      {
        ...{ name: "commands", unit: "commands/s", before: 1_000, after: 500 },
        ...{ ratio: 0.5, worsening: 2, spread: 0.2 },
      },
      expect.objectContaining({ name: "commands, p99", ratio: 1, worsening: 1, spread: 0 }),
      expect.objectContaining({ name: "commands, p50", ratio: 0.5, worsening: 0.5, spread: 0 }),
    ]);
  });

  it("are compared in what both have", () => {
    const more = figuresOf(reportOf(["micro: kit", "34.20 µs", "31.05 times the calibration"]));
    expect(differencesOf([round(1, 1)], [more])).toEqual([]);
  });
});
