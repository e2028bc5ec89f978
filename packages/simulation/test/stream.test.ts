import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Chunk, endOfSimulation, type SourceKey } from "../src/index.ts";
import { keyText } from "../src/line.ts";
import { isOp, linesOf, localTime, yearOf } from "./support/stream.ts";

const simulation = yearOf();
const chunks = [...simulation.chunks];
const lines = linesOf(chunks);
const commands = lines.flatMap(({ line, ...rest }) => (line.op === "enrol" ? [] : [{ line, ...rest }]));
const accepted = commands.filter(({ expected }) => expected.outcome === "accepted");
const sales = accepted.filter(isOp("earn")).filter(({ line }) => line.currency === "POINT");

function digest(stream: Iterable<Chunk>): string {
  const hash = createHash("sha256");
  for (const chunk of stream) hash.update(JSON.stringify(chunk));
  return hash.digest("hex");
}

describe("the stream", () => {
  it("is the same, byte for byte, for the same parameters, and another for another seed", () => {
    expect(digest(yearOf().chunks)).toBe(digest(chunks));
    const of = (seed: number) => digest(yearOf({ seed, members: 20 }).chunks);
    expect(of(2)).not.toBe(of(1));
  });

  it("has as many members as it was told, and some 27 commands for each", () => {
    expect(
      lines.filter(isOp("enrol")).filter(({ expected }) => expected.outcome === "accepted"),
    ).toHaveLength(500);
    expect(commands.length / 500).toBeGreaterThan(22);
    expect(commands.length / 500).toBeLessThan(33);
  });

  it("is cut into days, the last one whole before the end", () => {
    expect(chunks).toHaveLength(365);
    expect(chunks[0]?.clockTo).toBe("2025-11-20T23:59:59+07:00");
    expect(chunks.at(-1)?.clockTo).toBe("2026-11-19T23:59:59+07:00");
    expect(new Date(simulation.startsAt).toISOString()).toBe("2025-11-19T17:00:00.000Z");
    const steps = chunks
      .slice(1)
      .map(({ clockTo }, i) => Date.parse(clockTo) - Date.parse(chunks[i]!.clockTo));
    expect(new Set(steps)).toEqual(new Set([86_400_000]));
  });

  it("tells by its programme's name when it ends", () => {
    const { name } = simulation.definitions.programme;
    expect(name).toBe("Demonstration, 2025-11-20 to 2026-11-19");
    expect(endOfSimulation(name)).toBe(simulation.endsAt);
    expect(endOfSimulation("Demonstration")).toBeUndefined();
  });

  it("makes a day when it is asked for", () => {
    const lazy = yearOf({ members: 10_000 });
    const [first] = lazy.chunks;
    expect(lazy.oracle.lines).toBe(first?.lines.length);
  });

  it("refuses parameters that make no programme", () => {
    for (const wrong of [{ members: 0 }, { days: 0 }, { seed: 0.5 }])
      expect(() => yearOf(wrong)).toThrow(RangeError);
  });
});

describe("times", () => {
  it("lie at the clock or before it, and never before the programme", () => {
    const outside = chunks.flatMap(({ clockTo, lines: some }) =>
      some.filter(({ line }) => {
        const at = line.op === "enrol" ? simulation.startsAt : Date.parse(line.occurredAt as string);
        return at < simulation.startsAt || at > Date.parse(clockTo);
      }),
    );
    expect(outside).toEqual([]);
  });

  it("follow each other in business time, but for what arrives late", () => {
    const times = sales.map(({ line }) => Date.parse(line.occurredAt as string));
    const late = times.filter((at, i) => i > 0 && at < (times[i - 1] as number)).length / times.length;
    expect(late).toBeGreaterThan(0.01);
    expect(late).toBeLessThan(0.06);
  });

  it("put shops' sales into opening hours and marketplaces' into evenings", () => {
    const hours = (pos: boolean) =>
      sales
        .filter(({ line }) => (line.source.system === "pos") === pos)
        .map(({ line }) => localTime(line.occurredAt as string).hour);
    expect(Math.min(...hours(true))).toBe(10);
    expect(Math.max(...hours(true))).toBe(21);
    const online = hours(false);
    const inEvening = online.filter((hour) => hour >= 19 && hour <= 22).length / online.length;
    expect(inEvening).toBeGreaterThan(0.3);
  });

  it("make weekends busier than weekdays, and 11.11 and 12.12 a burst", () => {
    const byDate = Map.groupBy(sales, ({ line }) => (line.occurredAt as string).slice(0, 10));
    const average = (wanted: (date: string, weekday: number) => boolean) => {
      const days = [...byDate].filter(([date]) => wanted(date, localTime(date).weekday));
      return days.reduce((sum, [, some]) => sum + some.length, 0) / days.length;
    };
    const isBurst = (date: string) => ["2025-12-12", "2026-11-11"].includes(date);
    const ordinary = average((date) => !isBurst(date));
    expect(average((date, weekday) => !isBurst(date) && weekday % 6 === 0)).toBeGreaterThan(1.2 * ordinary);
    expect(average((date, weekday) => !isBurst(date) && weekday === 2)).toBeLessThan(0.95 * ordinary);
    expect(average(isBurst)).toBeGreaterThan(4 * ordinary);
  });
});

describe("keys", () => {
  it("stand for one accepted command each", () => {
    const keys = accepted.map(({ line }) => keyText(line.source));
    expect(new Set(keys).size).toBe(keys.length);
    expect(simulation.oracle.acceptedKeys).toBe(keys.length);
  });

  it("are repeated with the very same line, and only after it was accepted", () => {
    const known = new Map<string, string>();
    let repeats = 0;
    for (const { line, expected } of commands) {
      const key = keyText(line.source);
      if (expected.outcome === "accepted") known.set(key, JSON.stringify(line));
      if (expected.outcome !== "replayed") continue;
      repeats++;
      expect(known.get(key)).toBe(JSON.stringify(line));
    }
    expect(repeats / commands.length).toBeGreaterThan(0.02);
  });

  it("are reused for something else by a cashier's error, and for another buyer by a marketplace's", () => {
    const first = new Map<string, string>();
    const reused = { receipt: 0, order: 0 };
    for (const { line, expected } of commands.filter(isOp("earn"))) {
      const key = keyText(line.source);
      if (expected.outcome === "accepted") first.set(key, line.member);
      if (expected.outcome !== "key_reused") continue;
      if (line.source.system === "pos") {
        expect(first.get(key)).toBe(line.member);
        reused.receipt++;
      } else {
        expect(first.get(key)).not.toBe(line.member);
        reused.order++;
      }
    }
    expect(reused.receipt).toBeGreaterThan(0);
    expect(reused.order).toBeGreaterThan(0);
  });

  it("of holds and adjustments are referred to on a later day, when their ids are known", () => {
    const known = new Set<string>();
    const unknown: string[] = [];
    let references = 0;
    for (const { lines: some } of chunks) {
      const referred = some.flatMap(({ line }) => referenceOf(line) ?? []).map(keyText);
      references += referred.length;
      unknown.push(...referred.filter((key) => !known.has(key)));
      for (const { line, expected } of some) {
        if (line.op !== "enrol" && expected.outcome === "accepted") known.add(keyText(line.source));
      }
    }
    expect(references).toBeGreaterThan(100);
    expect(unknown).toEqual([]);
  });
});

function referenceOf(line: (typeof lines)[number]["line"]): SourceKey | undefined {
  if (line.op === "capture" || line.op === "void") return line.hold;
  return "adjustment" in line ? line.adjustment : undefined;
}

describe("what happens", () => {
  it("is every operation, with every way in which each is expected to end", () => {
    const { outcomes } = simulation.oracle;
    const ends = Object.fromEntries(
      Object.entries(outcomes).map(([op, counts]) => [op, Object.keys(counts).sort()]),
    );
    expect(ends).toMatchObject({
      enrol: ["accepted", "replayed"],
      earn: ["accepted", "key_reused", "replayed"],
      burn: ["accepted", "insufficient_points", "replayed"],
      hold: ["accepted", "insufficient_points"],
      capture: ["accepted", "capture_exceeds_hold", "hold_closed", "replayed"],
      transfer: ["accepted", "insufficient_points", "transfer_to_self"],
    });
    expect(ends["reverse"]).toEqual([
      "accepted",
      "origin_unknown",
      "refund_exceeds_sale",
      "replayed",
      "reversal_exceeds_origin",
    ]);
    expect(ends["void"]).toContain("accepted");
    expect(ends["adjust"]).toEqual(["accepted", "insufficient_points"]);
    expect(ends["approve"]).toEqual(expect.arrayContaining(["approver_must_differ", "adjustment_closed"]));
    expect(ends["reject"]).toEqual(["accepted"]);
    expect(ends["withdraw"]).toEqual(["accepted", "requester_must_withdraw"]);
  });

  it("is a change of a limit on one day, by which later adjustments are measured", () => {
    const changed = chunks.findIndex(({ change }) => change !== undefined);
    expect(chunks.filter(({ change }) => change !== undefined)).toHaveLength(1);
    const day = chunks[changed] as (typeof chunks)[number];
    expect(day.change).toMatchObject({ currency: "POINT", version: 2, body: { adjustmentLimit: "700" } });
    const waitedFor = new Set(lines.flatMap(({ line }) => referenceOf(line) ?? []).map(keyText));
    const between = (some: typeof chunks) =>
      some
        .flatMap(({ lines: sent }) => sent.filter(isOp("adjust")))
        .filter(({ line }) => line.direction === "credit")
        .filter(({ line }) => Number(line.points) > 500 && Number(line.points) <= 700)
        .map(({ line }) => waitedFor.has(keyText(line.source)));
    expect(new Set(between(chunks.slice(0, changed)))).toEqual(new Set([true]));
    expect(new Set(between(chunks.slice(changed)))).toEqual(new Set([false]));
  });

  it("is mostly small sales to a few busy members", () => {
    const byMember = Map.groupBy(sales, ({ line }) => line.member);
    const counts = [...byMember.values()].map((some) => some.length).sort((a, b) => b - a);
    const busiest = counts.slice(0, 100).reduce((sum, count) => sum + count, 0);
    expect(busiest / sales.length).toBeGreaterThan(0.55);
    expect(busiest / sales.length).toBeLessThan(0.75);
    const spends = sales.map(({ line }) => spendOf(line)).sort((a, b) => a - b);
    const median = spends[Math.floor(spends.length / 2)] as number;
    const mean = spends.reduce((sum, spend) => sum + spend, 0) / spends.length;
    expect(median).toBeGreaterThan(35_000);
    expect(median).toBeLessThan(45_000);
    expect(mean / median).toBeGreaterThan(1.3);
  });

  it("brings six in a hundred sales back, whole and in parts, by money, by points and by everything", () => {
    const returns = accepted.filter(isOp("reverse")).filter(({ line }) => line.reason !== "refund");
    const returned = new Set(returns.map(({ line }) => line.origin && keyText(line.origin)));
    expect(returned.size / sales.length).toBeGreaterThan(0.05);
    expect(returned.size / sales.length).toBeLessThan(0.08);
    const ways = returns.map(({ line }) => {
      const by = "all" in line ? "all" : "points" in line ? "points" : "spend";
      return line.origin === undefined ? `${by} without a sale` : by;
    });
    expect(new Set(ways)).toEqual(
      new Set(["all", "points", "spend", "points without a sale", "spend without a sale"]),
    );
  });

  it("refunds burns, whole and in parts", () => {
    const refunds = accepted.filter(isOp("reverse")).filter(({ line }) => line.reason === "refund");
    expect(new Set(refunds.map(({ line }) => ("all" in line ? "all" : "points")))).toEqual(
      new Set(["all", "points"]),
    );
  });

  it("leaves debt behind returns of spent points, and lets much of what is earned expire", () => {
    const withDebt = accepted.filter(({ expected }) => expected.balance?.debt !== "0");
    expect(withDebt.length).toBeGreaterThan(0);
    const balances = simulation.oracle.trialBalance("POINT", simulation.endsAt);
    const issued = [...balances].filter(([account]) => account.startsWith("issuance:"));
    const expired = -Number(balances.get("expired"));
    const sold = Number(issued.reduce((sum, [, amount]) => sum + amount, 0n));
    expect(expired / sold).toBeGreaterThan(0.1);
    expect(expired / sold).toBeLessThan(0.4);
  });
});

function spendOf(line: (typeof sales)[number]["line"]): number {
  if (line.spend === undefined) throw new Error("the simulation earns by spend");
  return Number(line.spend.amount);
}
