import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRows } from "../src/file-rows.ts";
import { openSource } from "../src/source.ts";
import { parsedMapping } from "./support/mappings.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "taem-rows-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function rowsOf(content: string | Buffer, file: object = { format: "delimited" }) {
  const path = join(folder, "file");
  await writeFile(path, content);
  const meter = { bytes: 0 };
  const source = await openSource(path, process.stdin);
  const rows = await Array.fromAsync(readRows(source, parsedMapping({ file }), meter));
  return { rows, meter };
}

const cellsOf = async (content: string | Buffer, file?: object) =>
  (await rowsOf(content, file)).rows.flatMap(({ cells }) => (cells.length === 0 ? [] : [cells]));

const whitespace = { format: "whitespace" };

describe("delimited rows", () => {
  it.each([
    ["Unix line ends", "a,b\n1,2\n"],
    ["Windows line ends", "a,b\r\n1,2\r\n"],
    ["old Macintosh line ends", "a,b\r1,2\r"],
    ["no line end at the end", "a,b\n1,2"],
    ["a byte order mark", "\ufeffa,b\n1,2\n"],
    ["quotes that are not needed", '"a","b"\n"1","2"\n'],
    ["white space around cells", " a , b\t\n  1 ,\u00a02\n"],
    ["white space around quotes", 'a, "b"\n "1" ,"2" \n'],
    ["blank lines", "\n\na,b\n   \n1,2\n\n"],
  ])("are the same with %s", async (_, content) => {
    expect(await cellsOf(content)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });

  it("may have different line ends, and tell each its line", async () => {
    const { rows } = await rowsOf('a,b\n1,2\r\n"x\r\ny",4\r"x\ny",6\n\n7,8');
    expect(rows.map(({ line, lines, cells }) => [line, lines, cells[1]])).toEqual([
      [1, 1, "b"],
      [2, 1, "2"],
      [3, 2, "4"],
      [5, 2, "6"],
      [7, 1, undefined],
      [8, 1, "8"],
    ]);
  });

  it("may hold delimiters, quotes and line ends inside quotes", async () => {
    expect(await cellsOf('"a,b","say ""so""","x\ny"\n')).toEqual([["a,b", 'say "so"', "x\ny"]]);
  });

  it("take quotes within a cell as they are", async () => {
    expect(await cellsOf('5" disk,2\n"abc"def,4\n')).toEqual([
      ['5" disk', "2"],
      ['"abc"def', "4"],
    ]);
  });

  it("may be empty at either end between tabs", async () => {
    expect(await cellsOf("\t1\t\n\t\t\n", { format: "delimited", delimiter: "\t" })).toEqual([
      ["", "1", ""],
      ["", "", ""],
    ]);
  });

  it("may have no quotes at all", async () => {
    expect(await cellsOf('"a,b\n', { format: "delimited", quote: null })).toEqual([['"a', "b"]]);
  });

  it("say when the file ends inside a quote, and lose nothing before", async () => {
    const { rows } = await rowsOf('a,b\n1,2\n"3,4\n5,6\n');
    expect(rows.slice(0, 2).map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
    expect(rows.slice(2)).toMatchObject([
      { line: 3, lines: 2, cells: [], fault: { reason: "quote_not_closed" } },
    ]);
  });

  it("are read through any cut between two blocks", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `"ü${i}",2`);
    const { rows, meter } = await rowsOf(`${lines.join("\r\n")}\r\n`);
    expect(rows).toHaveLength(20_000);
    expect(rows.every(({ line, cells }, i) => line === i + 1 && cells[0] === `ü${i}`)).toBe(true);
    expect(meter.bytes).toBe(Buffer.byteLength(`${lines.join("\r\n")}\r\n`));
  });

  it("end with a usage error where a line has no end", async () => {
    const huge = `a,b\n1,"${"x".repeat(17 * 2 ** 20)}`;
    await expect(rowsOf(huge)).rejects.toMatchObject({ code: "file_unreadable" });
  });

  it("keep what is not valid text, marked", async () => {
    const broken = Buffer.concat([
      Buffer.from("a,b\n"),
      Buffer.from([0x41, 0xff, 0x42]),
      Buffer.from(",2\n"),
    ]);
    expect(await cellsOf(broken)).toEqual([
      ["a", "b"],
      ["A\ufffdB", "2"],
    ]);
  });

  it("may be in another encoding", async () => {
    const thai = Buffer.from([0xe1, 0xb5, 0xe9, 0xc1, 0x2c, 0x31]);
    expect(await cellsOf(thai, { format: "delimited", encoding: "windows-874" })).toEqual([["แต้ม", "1"]]);
    const wide = Buffer.from("\ufeffa,ä\r\n", "utf16le");
    expect(await cellsOf(wide, { format: "delimited", encoding: "utf-16le" })).toEqual([["a", "ä"]]);
  });
});

describe("rows between white space", () => {
  it("may be padded in any way", async () => {
    const content =
      " customer_id  date dollar_value\r\n 00001 19970101  \t11.77\r\n\r\n 00002 19970112  12.00\r\n";
    const { rows } = await rowsOf(content, whitespace);
    expect(rows).toEqual([
      { line: 1, lines: 1, cells: ["customer_id", "date", "dollar_value"] },
      { line: 2, lines: 1, cells: ["00001", "19970101", "11.77"] },
      { line: 3, lines: 1, cells: [] },
      { line: 4, lines: 1, cells: ["00002", "19970112", "12.00"] },
    ]);
  });

  it("are read through any cut between two blocks", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => ` ${i}  x`);
    const { rows } = await rowsOf(lines.join("\r\n"), whitespace);
    expect(rows).toHaveLength(30_000);
    expect(rows.every(({ line, cells }, i) => line === i + 1 && cells[0] === String(i))).toBe(true);
  });
});

describe("a file", () => {
  it("that is empty has no rows", async () => {
    expect(await cellsOf("")).toEqual([]);
    expect(await cellsOf("\ufeff\r\n", whitespace)).toEqual([]);
  });

  it("that is not there is a usage error", async () => {
    const opening = openSource(join(folder, "none"), process.stdin);
    await expect(opening).rejects.toMatchObject({ code: "file_unreadable" });
  });

  it("is closed when nobody reads on", async () => {
    const path = join(folder, "long");
    await writeFile(path, "a,b\n".repeat(100_000));
    const source = await openSource(path, process.stdin);
    for await (const { cells } of readRows(source, parsedMapping(), { bytes: 0 })) {
      expect(cells).toEqual(["a", "b"]);
      break;
    }
  });
});
