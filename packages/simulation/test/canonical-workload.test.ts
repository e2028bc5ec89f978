import type { BulkLine } from "@taem/client";
import { describe, expect, it } from "vitest";
import { canonicalWorkload, type WorkloadLine } from "../src/index.ts";
import { keyText } from "../src/line.ts";

function first<L>(count: number, lines: Iterable<L>): L[] {
  const taken: L[] = [];
  for (const line of lines) if (taken.push(line) === count) break;
  return taken;
}

function take(count: number, seed = 1, accounts = 10_000): WorkloadLine[] {
  return first(count, canonicalWorkload({ accounts, seed }).lines);
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
    const counts = [...Map.groupBy(lines, ({ member }) => member).values()]
      .map((some) => some.length / lines.length)
      .sort((a, b) => b - a);
    expect(counts[0]).toBeCloseTo(0.037, 2);
    expect(counts.slice(0, 100).reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.3, 1);
  });

  it("is the same for the same seed, and shares no key with another", () => {
    expect(take(1_000)).toEqual(lines.slice(0, 1_000));
    const keys = new Set([...take(1_000, 2), ...lines].map(({ source }) => keyText(source)));
    expect(keys.size).toBe(101_000);
  });

  it("gives every account a reserve, and hardly touches it", () => {
    const { opening, lines } = canonicalWorkload({ accounts: 100, seed: 1 });
    const balances = new Balances();
    for (const line of opening) if (line.op === "earn") balances.credit(line);
    expect(new Set(balances.points.values())).toEqual(new Set([1_000]));
    for (const line of first(50_000, lines)) {
      balances.debit(line);
      balances.credit(line);
    }
    expect(balances.least).toBeGreaterThan(900);
  });

  it.each(["lines", "transfers"] as const)(
    "spends nothing that 4,000 %s under way have yet to bring",
    (what) => {
      const { opening, [what]: endless } = canonicalWorkload({ accounts: 1_000, seed: 1 });
      const balances = new Balances();
      for (const line of opening) if (line.op === "earn") balances.credit(line);
      const underWay: WorkloadLine[] = [];
      for (const line of first(100_000, endless)) {
        balances.debit(line);
        if (underWay.push(line) > 4_000) balances.credit(underWay.shift()!);
      }
      expect(balances.least).toBeGreaterThanOrEqual(0);
    },
  );

  it("moves points between any two accounts where only transfers are wanted", () => {
    const transfers = first(10_000, canonicalWorkload({ accounts: 100, seed: 1 }).transfers);
    expect(new Set(transfers.map(({ op }) => op))).toEqual(new Set(["transfer"]));
    expect(transfers.some((line) => "to" in line && line.to === line.member)).toBe(false);
    expect(new Set(transfers.map(({ source }) => source.id)).size).toBe(10_000);
  });

  it("opens with every account enrolled before it is given anything", () => {
    const opening = [...canonicalWorkload({ accounts: 3, seed: 1 }).opening];
    expect(opening.map(({ op }) => op)).toEqual(["enrol", "enrol", "enrol", "earn", "earn", "earn"]);
  });
});

function earned(line: BulkLine & { readonly op: "earn" }): number {
  return line.spend !== undefined ? Math.floor(Number(line.spend.amount) / 2_500) : 0;
}

/** Points by member, where debits may be applied before credits. */
class Balances {
  readonly points = new Map<string, number>();
  least = Number.POSITIVE_INFINITY;

  debit(line: WorkloadLine): void {
    if (line.op !== "earn") this.#add(line.member, -Number(line.points));
  }

  credit(line: WorkloadLine): void {
    if (line.op === "earn") this.#add(line.member, earned(line));
    if (line.op === "transfer") this.#add(line.to, Number(line.points));
  }

  #add(member: string, points: number): void {
    const sum = (this.points.get(member) ?? 0) + points;
    this.points.set(member, sum);
    this.least = Math.min(this.least, sum);
  }
}
