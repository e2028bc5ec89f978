import { expect, it } from "vitest";
import { figuresOf } from "./compare/figures.ts";
import { ROW_NAMES } from "./micro/rows.ts";
import { micro } from "./phases/micro.ts";
import { Report } from "./report.ts";

it("measures every part, and what the kit costs beyond Express", async () => {
  const report = new Report(() => {});
  await micro(report, { rounds: 1, roundMs: 1, warmUp: { operations: 64, micros: 0 } });
  const names = [...ROW_NAMES, "kit less express"].map((name) => `micro: ${name}`);
  expect(figuresOf(report.markdown()).map(({ name, unit }) => `${name}, ${unit}`)).toEqual(
    names.flatMap((name) => [`${name}, times the calibration`, `${name}, bytes`]),
  );
});
