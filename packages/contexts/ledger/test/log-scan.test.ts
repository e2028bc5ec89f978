import { SLICES } from "@taem/kernel";
import { expect, test } from "vitest";
import { passesOver } from "../src/log-scan.ts";

test.each([0, 1, 100_000, 100_001, 1_000_000, 1_000_000_000])(
  "passes over %i events take every slice once",
  (events) => {
    const passes = passesOver(events);
    expect(passes.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: SLICES }, (_, slice) => slice));
    expect(passes.length).toBe(Math.min(SLICES, Math.max(1, Math.ceil(events / 100_000))));
  },
);
