import { writeXlsx } from "hucre/xlsx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "../src/source.ts";
import { workbookRows } from "../src/workbook.ts";
import { type Checking, openChecking } from "./support/checking.ts";

let checking: Checking;

beforeAll(async () => {
  checking = await openChecking();
});

afterAll(() => checking[Symbol.asyncDispose]());

type Cells = (string | number | boolean | Date | null)[];

async function workbook(...sheets: Cells[][]): Promise<Buffer> {
  const made = await writeXlsx({ sheets: sheets.map((rows, i) => ({ name: `Sheet ${i + 1}`, rows })) });
  return Buffer.from(made as Uint8Array);
}

const rowsOf = async (content: Buffer, options: { sheet?: string | number; point?: "." | "," } = {}) => {
  const { sheet, point = "." } = options;
  async function* bytes() {
    yield content;
  }
  const source = await openSource("-", process.stdin);
  return Array.fromAsync(workbookRows(bytes(), source, { sheet, point }));
};
const cellsOf = async (cells: Cells, point: "." | "," = ".") =>
  (await rowsOf(await workbook([cells]), { point })).map((row) => row.cells)[0];

const mapping = (file: object = {}) => ({
  file: { format: "xlsx", ...file },
  time: { column: "time", format: "yyyy-MM-dd[ HH:mm:ss]" },
});
const HEADER = ["member", "time", "amount"];

describe("a workbook", () => {
  it("is read as a table, with the row numbers that people see", async () => {
    const content = await workbook([
      ["Sales of March"],
      [],
      HEADER,
      ["m1", new Date(Date.UTC(2026, 2, 1, 10, 15, 12)), 125.5],
      ["m2", new Date(Date.UTC(2026, 2, 2)), -25],
      [null, new Date(Date.UTC(2026, 2, 2)), 1],
      ["Total", null, 101.5],
    ]);
    const { tally, rejects, first } = await checking.check(content, mapping({ totals: ["Total"] }));
    expect(tally).toMatchObject({
      lines: 7,
      taken: { earn: 1, reversal: 1 },
      ignored: { above_header: 1, blank: 1, header: 1, totals: 1 },
    });
    expect(rejects).toMatchObject([{ line: 6, reason: "no_member" }]);
    expect(new Date(first ?? 0).toISOString()).toBe("2026-03-01T03:15:12.000Z");
  });

  it("has several sheets, of which one is meant", async () => {
    const content = await workbook([["first"]], [["second"]]);
    const found = async (sheet?: string | number) =>
      (await rowsOf(content, sheet === undefined ? {} : { sheet })).map(({ cells }) => cells[0]);
    expect([await found(), await found(2), await found("Sheet 2")]).toEqual([
      ["first"],
      ["second"],
      ["second"],
    ]);
    await expect(found("March")).rejects.toThrow("has no sheet March");
    await expect(found(3)).rejects.toThrow("has no sheet 3");
  });

  it("keeps numbers with the digits that it has, in the mapping's notation", async () => {
    expect(await cellsOf([1234.5, 0.1 + 0.2, -0.05, 12, 1e-7, 999_999_999_999_999])).toEqual([
      "1234.5",
      "0.3",
      "-0.05",
      "12",
      "0.0000001",
      "999999999999999",
    ]);
    expect(await cellsOf([1.234, -1_000.5], ",")).toEqual(["1,234", "-1000,5"]);
  });

  it("has ids of more than fifteen digits only in part, and they are rejected", async () => {
    expect(await cellsOf([Number("123457123457123456")])).toEqual(["1.2345712345712346E+17"]);
    const content = await workbook([HEADER, [Number("123457123457123456"), "2026-03-01", 1]]);
    const { tally } = await checking.check(content, mapping());
    expect(tally.rejected).toEqual({ scientific_id: 1 });
  });

  it("has text as it is, and what is true or false", async () => {
    expect(await cellsOf(["0012", " ลูกค้า ", true, null, "x"])).toEqual(["0012", "ลูกค้า", "true", "", "x"]);
  });

  it("has rows of any width: cells without a name are too many only if something stands in them", async () => {
    const day = new Date(Date.UTC(2026, 2, 1));
    const content = await workbook([HEADER, ["m1", day, 1, null], ["m2", day, 1, "note"], ["m3", day]]);
    const { tally } = await checking.check(content, mapping());
    expect(tally).toMatchObject({
      taken: { earn: 1 },
      rejected: { wrong_column_count: 1, malformed_amount: 1 },
    });
  });

  it("that is cut off, or larger than it may be, says so", async () => {
    const content = await workbook([HEADER, ["m1", "2026-03-01", 1]]);
    await expect(checking.check(content.subarray(0, 900), mapping())).rejects.toThrow(
      "is a damaged Excel file",
    );
    const source = await openSource("-", process.stdin);
    const read = (limits: object) => {
      async function* bytes() {
        yield content;
      }
      const whole = { packed: 1e6, unpacked: 1e6, texts: 1e6, ...limits };
      return Array.fromAsync(workbookRows(bytes(), source, { sheet: undefined, point: "." }, whole));
    };
    await expect(read({})).resolves.toHaveLength(2);
    await expect(read({ packed: 100 })).rejects.toMatchObject({ code: "file_too_large" });
    await expect(read({ unpacked: 3_000 })).rejects.toThrow(/unpacks to more than 0 MiB/);
    await expect(read({ texts: 50 })).rejects.toThrow(/the text of standard input unpacks to more/);
  });
});
