import { gzipSync } from "node:zlib";
import { writeXlsx } from "hucre/xlsx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Source, unpacked } from "../src/source.ts";
import { type Checking, openChecking } from "./support/checking.ts";

let checking: Checking;

beforeAll(async () => {
  checking = await openChecking();
});

afterAll(() => checking[Symbol.asyncDispose]());

const CSV = "member,time,amount\nm1,2026-03-01 10:00,1.00\nm2,2026-03-01 11:00,2.00\n";

describe("a source", () => {
  it.each([
    ["packed with gzip", gzipSync(CSV)],
    ["packed in two parts", Buffer.concat([gzipSync(CSV.slice(0, 30)), gzipSync(CSV.slice(30))])],
    ["with a byte order mark", Buffer.from(`\ufeff${CSV}`)],
  ])("%s is read, from a file and from standard input", async (_, content) => {
    for (const piped of [false, true]) {
      const { tally } = await checking.check(content, {}, { piped });
      expect(tally).toMatchObject({ lines: 3, taken: { earn: 2 } });
    }
  });

  it.each([
    [
      "a workbook",
      async () => Buffer.from((await writeXlsx({ sheets: [{ name: "S", rows: [["a"]] }] })) as Uint8Array),
      /is an Excel file: say "format": "xlsx"/,
    ],
    [
      "an old workbook",
      () => Buffer.from("d0cf11e0a1b11ae10000", "hex"),
      /it is an old Excel file \(\.xls\)/,
    ],
    [
      "an OpenDocument",
      () => Buffer.from("PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
      /OpenDocument/,
    ],
    ["another archive", () => Buffer.from("PK\x03\x04....readme.txt"), /a zip archive/],
    [
      "a web page",
      () => Buffer.from("\n<html><table><tr><td>1</td></tr></table></html>"),
      /a web page \(HTML\)/,
    ],
    ["XML", () => Buffer.from('\ufeff<?xml version="1.0"?><rows/>'), /an XML file/],
    ["JSON", () => Buffer.from('[ {"order": 1} ]'), /a JSON file/],
    ["a PDF", () => Buffer.from("%PDF-1.7"), /a PDF file/],
    ["Parquet", () => Buffer.from("PAR1...."), /a Parquet file/],
    [
      "text in UTF-16",
      () => Buffer.from("\ufeffmember", "utf16le"),
      /text in UTF-16; say "encoding": "utf-16le"/,
    ],
    ["packed otherwise", () => Buffer.from("28b52ffd0000", "hex"), /packed with zstd/],
    ["packed twice", () => gzipSync(gzipSync(CSV)), /a gzip file inside a gzip file/],
    [
      "a gzip file that is cut off",
      () => gzipSync(CSV).subarray(0, 40),
      /cannot be read: unexpected end of file/,
    ],
    ["nothing", () => Buffer.alloc(0), /is empty/],
  ])("that is %s says what it is", async (_, content, message) => {
    const checked = checking.check(await content());
    await expect(checked).rejects.toThrow(message);
    await expect(checked).rejects.toMatchObject({ name: "UsageError", code: "file_unreadable" });
  });

  it("that is text where a workbook is expected says so", async () => {
    const checked = checking.check(CSV, { file: { format: "xlsx" } });
    await expect(checked).rejects.toThrow("is no Excel file (.xlsx): it is text");
  });

  it("that unpacks to more than it may says so, whatever it claims", async () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 20, "x"));
    const source: Source = {
      name: "bomb.gz",
      size: bomb.length,
      async *open() {
        yield bomb;
      },
    };
    const read = async (limit: number) => {
      const { bytes } = await unpacked(source, "utf-8", { bytes: 0 }, limit);
      return (await Array.fromAsync(bytes)).reduce((sum, chunk) => sum + chunk.length, 0);
    };
    expect(await read(2 ** 20)).toBe(2 ** 20);
    await expect(read(2 ** 20 - 1)).rejects.toMatchObject({ code: "file_too_large" });
  });
});
