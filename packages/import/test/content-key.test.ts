import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentHash, RowTable } from "../src/content-key.ts";

describe("a row's content", () => {
  it("is told apart from every other split of the same text", () => {
    const rows = [["ab", "c"], ["a", "bc"], ["abc"], ["a,b", "c"], ["a", "b", "c"], ["", "abc"], ["abc", ""]];
    expect(new Set(rows.map((cells) => contentHash(cells).toString("hex"))).size).toBe(rows.length);
  });
});

describe("the ordinal of a row", () => {
  it("counts identical rows alone, also while the table grows", () => {
    const ids = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 2_000 });
    fc.assert(
      fc.property(ids, (rows) => {
        const table = new RowTable(2);
        const counts = new Map<number, number>();
        for (const row of rows) {
          const count = (counts.get(row) ?? 0) + 1;
          counts.set(row, count);
          expect(table.count(contentHash([String(row)]))).toBe(count);
        }
      }),
    );
  });
});
