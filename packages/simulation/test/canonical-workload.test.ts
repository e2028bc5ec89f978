import type { BulkLine } from "@taem/client";
import { describe, expect, it } from "vitest";
import { canonicalWorkload } from "../src/index.ts";
import { keyText } from "../src/line.ts";

function take(count: number, seed = 1, accounts = 10_000): BulkLine[] {
  const lines: BulkLine[] = [];
  for (const line of canonicalWorkload({ accounts, seed }).lines) if (lines.push(line) === count) break;
  return lines;
}

describe("the canonical workload", () => {
  const lines = take(100_000);

  it("earns in 80, burns in 15 and transfers in 5 of 100 lines", () => {
    const share = (op: BulkLine["op"]) => lines.filter((line) => line.op === op).length / lines.length;
    expect(share("earn")).toBeCloseTo(0.8, 2);
    expect(share("burn")).toBeCloseTo(0.15, 2);
    expect(share("transfer")).toBeCloseTo(0.05, 2);
  });

  it("has a hot tail: of 10,000 accounts the hottest has 4 % of the lines, the first hundred three tenths", () => {
    const counts = [...Map.groupBy(lines, (line) => ("member" in line ? line.member : "")).values()]
      .map((some) => some.length / lines.length)
      .sort((a, b) => b - a);
    expect(counts[0]).toBeCloseTo(0.037, 2);
    expect(counts.slice(0, 100).reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.3, 1);
  });

  it("is the same for the same seed, and shares no key with another", () => {
    expect(take(1_000)).toEqual(lines.slice(0, 1_000));
    const keys = new Set(
      [...take(1_000, 2), ...lines].map((line) => "source" in line && keyText(line.source as never)),
    );
    expect(keys.size).toBe(101_000);
  });

  it("leaves every account its reserve, so that lines which overtake each other are not refused", () => {
    const { opening } = canonicalWorkload({ accounts: 100, seed: 1 });
    const balances = new Map<string, number>();
    const add = (member: string, points: number) =>
      balances.set(member, (balances.get(member) ?? 0) + points);
    for (const line of opening) if (line.op === "earn") add(line.member, earned(line));
    expect(new Set(balances.values())).toEqual(new Set([1_000]));
    let least = 1_000;
    for (const line of take(50_000, 1, 100)) {
      if (line.op === "earn") add(line.member, earned(line));
      if (line.op !== "burn" && line.op !== "transfer") continue;
      add(line.member, -Number(line.points));
      if (line.op === "transfer") add(line.to, Number(line.points));
      least = Math.min(least, balances.get(line.member) as number);
    }
    expect(least).toBeGreaterThan(900);
  });

  it("opens with every account enrolled before it is given anything", () => {
    const opening = [...canonicalWorkload({ accounts: 3, seed: 1 }).opening];
    expect(opening.map(({ op }) => op)).toEqual(["enrol", "enrol", "enrol", "earn", "earn", "earn"]);
  });
});

function earned(line: BulkLine & { readonly op: "earn" }): number {
  return "spend" in line ? Math.floor(Number(line.spend.amount) / 2_500) : 0;
}
