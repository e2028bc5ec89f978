import { describe, expect, test } from "vitest";
import { SLICES, sliceOfMember, sliceOfName } from "../src/index.ts";

describe("slices", () => {
  test("of members and streams are what they always were: stored events carry them", () => {
    expect(SLICES).toBe(64);
    expect([sliceOfMember("p-1", "m-1"), sliceOfMember("p-1", "m-2"), sliceOfMember("p-2", "m-1")]).toEqual([
      3, 32, 60,
    ]);
    expect(sliceOfName("taem.programme-p-1")).toBe(34);
  });

  test("tell programme and member apart wherever the text is cut", () => {
    const cuts = Array.from({ length: 32 }, (_, i) => sliceOfMember("x".repeat(i), "x".repeat(32 - i)));
    expect(new Set(cuts).size).toBeGreaterThan(10);
  });

  test("share members out evenly", () => {
    const counts = new Array<number>(SLICES).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const slice = sliceOfMember("p-1", `m-${i}`);
      counts[slice] = (counts[slice] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});
