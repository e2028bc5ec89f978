import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Chunk, chunksOf, EditedFile } from "../src/chunks.ts";
import { Rejection } from "../src/reject-reasons.ts";
import { isTransaction, type Outcome, type RowReader } from "../src/row-reader.ts";
import type { TableRow } from "../src/table.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Cells are an hour, or nothing for a row that is rejected; the command says which of its kind it was. */
function reader(): RowReader {
  const counts = new Map<string, number>();
  return ({ cells: [hour = ""] }): Outcome => {
    const ordinal = (counts.get(hour) ?? 0) + 1;
    counts.set(hour, ordinal);
    if (hour === "") return new Rejection("no_member", "");
    return {
      kind: "earn",
      member: "m",
      occurredAt: Number(hour) * HOUR,
      command: {
        op: "earn",
        member: "ext:m",
        currency: "P",
        points: "1",
        source: { system: "s", id: `${hour}-${ordinal}` },
      },
    };
  };
}

async function* rowsOf(hours: readonly (number | "")[]): AsyncGenerator<TableRow> {
  for (const [i, hour] of hours.entries()) yield { line: i + 2, lines: 1, cells: [String(hour)] };
}

type Options = Partial<{ clock: number; done: Chunk["end"]; header: string[] }>;

function chunks(
  hours: readonly (number | "")[],
  { clock = 0, done, header = ["h"] }: Options = {},
): Promise<Chunk[]> {
  return Array.fromAsync(chunksOf(rowsOf(hours), { header, read: reader(), clock, done }));
}

const linesOf = (all: readonly Chunk[]) => all.map(({ rows }) => rows.map(({ line }) => line));

describe("a chunk", () => {
  it("moves the clock at most a day ahead of any row in it, while rows come in order of time", async () => {
    const cut = await chunks([1, 2, 25, 26, 49, 200]);
    expect(linesOf(cut)).toEqual([[2, 3, 4], [5, 6], [7]]);
    expect(cut.map(({ newest = 0 }) => newest / HOUR)).toEqual([25, 49, 200]);
  });

  it("takes late rows as they come: they need no clock", async () => {
    expect(linesOf(await chunks([100, 5, 3, 101, 6]))).toEqual([[2, 3, 4, 5, 6]]);
    expect(linesOf(await chunks([5, 300, 6], { clock: 1_000 * HOUR }))).toEqual([[2, 3, 4]]);
  });

  it("does not look at the clock of a live programme", async () => {
    expect(linesOf(await chunks([1, 100, 1_000], { clock: Number.POSITIVE_INFINITY }))).toEqual([[2, 3, 4]]);
  });

  it("holds two thousand rows at most, rejected ones too", async () => {
    const cut = await chunks(Array.from({ length: 4_001 }, () => ""));
    expect(cut.map(({ rows }) => rows.length)).toEqual([2_000, 2_000, 1]);
    expect(cut.map(({ newest }) => newest)).toEqual([undefined, undefined, undefined]);
  });

  it("is none where there are no rows", async () => {
    expect(await chunks([])).toEqual([]);
  });

  it("of any file keeps every row once and in order, and no row is judged more than a day late in a sorted file", async () => {
    const hours = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(hours, fc.boolean(), async (given, sorted) => {
        const file = sorted ? given.toSorted((a, b) => a - b) : given;
        const cut = await chunks(file);
        expect(linesOf(cut).flat()).toEqual(file.map((_, i) => i + 2));
        if (!sorted) return;
        for (const { rows, newest = 0 } of cut) {
          for (const { outcome } of rows) {
            expect(newest - (isTransaction(outcome) ? outcome.occurredAt : 0)).toBeLessThanOrEqual(DAY);
          }
        }
      }),
    );
  });
});

describe("after what an earlier run has done", () => {
  const file = [1, 1, 30, 1, 60, "" as const, 1, 90];
  const idsOf = (cut: readonly Chunk[]) =>
    cut.flatMap(({ rows }) =>
      rows.map(({ outcome }) => (isTransaction(outcome) ? outcome.command.source?.id : outcome.reason)),
    );

  it("every row has the key that it would have had, wherever the run stopped", async () => {
    const whole = await chunks(file);
    for (const [i, { end }] of whole.entries()) {
      const rest = await chunks(file, {
        done: end,
        clock: Math.max(...whole.slice(0, i + 1).map(({ newest = 0 }) => newest)),
      });
      expect(idsOf(rest)).toEqual(idsOf(whole).slice(end.rows));
      expect(rest.at(-1)?.end ?? end).toEqual(whole.at(-1)?.end);
    }
  });

  it.each([
    ["a row inserted on top", [7, ...file], ["h"]],
    ["a row taken away", file.slice(1), ["h"]],
    ["two rows exchanged", [30, 1, 1, ...file.slice(3)], ["h"]],
    ["fewer rows than were done", file.slice(0, 2), ["h"]],
    ["another header", file, ["hour"]],
  ])("%s is noticed", async (_, edited, header) => {
    const [, second] = await chunks(file);
    await expect(chunks(edited, { done: second?.end, header } as Options)).rejects.toBeInstanceOf(EditedFile);
  });

  it("rows added at the end are what is left to do", async () => {
    const { end } = (await chunks(file)).at(-1) as Chunk;
    expect(linesOf(await chunks([...file, 95], { done: end }))).toEqual([[file.length + 2]]);
  });
});
