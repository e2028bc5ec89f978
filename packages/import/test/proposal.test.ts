import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkCommand } from "../src/index.ts";

// Failure: whoever comes with a file has to write its mapping from nothing, or gets one that guesses in silence.

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "taem-proposal-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};

/** `taem import FILE --check`, with a mapping or without. */
async function check(file: string, mapping?: string, input = "") {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const piped = new PassThrough().end(input);
  const exit = checkCommand({ file, mapping }, { in: piped, out, err, signals: process } as never);
  const exitCode = await exit;
  out.end();
  err.end();
  return { exitCode, out: await text(out), err: await text(err) };
}

/** The mapping that is proposed, with what is said of it. Saved and given back, it reads the same. */
async function propose(file: string) {
  const proposed = await check(file);
  const saved = await write("proposed.mapping.json", proposed.out);
  const read = await check(file, saved);
  expect(proposed.err).toContain(read.out);
  expect(read.exitCode).toBe(proposed.exitCode);
  const [lines, ...kinds] = ["lines read", "ignored", "replayed", "rejected"].map((label) =>
    countOf(read.out, label),
  );
  const taken = ["earns", "reversals", "opening balances"].map((label) => countOf(read.out, label));
  expect([...kinds, ...taken].reduce((sum, count) => sum + count, 0)).toBe(lines);
  return {
    ...proposed,
    mapping: JSON.parse(proposed.out),
    taken: taken.reduce((sum, count) => sum + count, 0),
  };
}

function countOf(table: string, label: string): number {
  const [, count = "0"] = new RegExp(`^ *${label} +([\\d,]+)`, "m").exec(table) ?? [];
  return Number(count.replaceAll(",", ""));
}

describe("a mapping is proposed for", () => {
  test("a till's receipts, and its questions are what the file does not tell", async () => {
    const file = await write(
      "pos.csv",
      "Date,Receipt number,Receipt type,Net sales,Customer contacts,Status\n" +
        "3/2/2026 1:33 PM,1-1004,Refund,-200.00,C1,Closed\n3/2/2026 12:57 PM,1-1003,Sale,90.00,C2,Closed\n" +
        "3/1/2026 10:00 AM,1-1002,Sale,200.00,C1,Cancelled\n",
    );
    const { mapping, err, exitCode, taken } = await propose(file);
    expect(mapping).toEqual({
      system: "pos",
      file: { format: "delimited" },
      member: "Customer contacts",
      key: { columns: ["Receipt number"], scope: "programme" },
      kind: { by: "column", column: "Receipt type", values: { Refund: "reversal", Sale: "earn" } },
      amount: { column: "Net sales", decimals: 2 },
      points: "POINT",
      spend: { currency: "THB", rule: "base-earn" },
      time: { column: "Date", format: "d/M/yyyy h:mm a" },
    });
    expect([exitCode, taken]).toEqual([0, 3]);
    for (const question of [
      "is it so that Refund = reversal, Sale = earn?",
      "Column Status holds Closed, Cancelled: which of these are meant?",
      "In which currency is the money? It is taken for THB.",
      "Its days and months could be the other way round.",
    ])
      expect(err).toContain(question);
  });

  test("returns that are written without a sign", async () => {
    const rows = [
      "R1,2026-03-01,C1,Sale,50.00",
      "R2,2026-03-02,C1,Refund,50.00",
      "R3,2026-03-03,C2,Sale,70.00",
    ];
    const file = await write("unsigned.csv", `receipt,date,member,type,total\n${rows.join("\n")}\n`);
    const { mapping, err, taken } = await propose(file);
    expect(mapping.kind).toMatchObject({ by: "column", reversals: "positive" });
    expect(err).toContain("Returns are taken to be written without a sign");
    expect(taken).toBe(3);
  });

  test("a file with a few mistakes, which are asked about", async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `C${i},${i + 10} ก.พ. 2569,"฿1,0${i + 10}.50"`);
    rows[3] = 'C3,29 ก.พ. 2569,"฿1,013.50"';
    rows[7] = 'C7,17 ก.พ. 2569,"฿1,0x0.00"';
    const file = await write("mistakes.csv", `member,วันที่,ยอดสุทธิ\n${rows.join("\n")}\n`);
    const { mapping, err, taken } = await propose(file);
    expect(mapping).toMatchObject({
      amount: { column: "ยอดสุทธิ", decimals: 2, grouping: ",", marks: ["฿"] },
      time: { column: "วันที่", format: "d MMM yyyy", era: "buddhist" },
    });
    for (const odd of ["29 ก.พ. 2569 in column วันที่", "฿1,0x0.00 in column ยอดสุทธิ"])
      expect(err).toContain(`What is ${odd}? 1 such values do not fit`);
    expect(taken).toBe(10);
  });

  test("Thai columns, years of the Buddhist era, marks, and lines of totals", async () => {
    const file = await write(
      "ขาย.csv",
      "เลขที่ใบเสร็จ;วันที่;เวลา;รหัสสมาชิก;ยอดสุทธิ\n" +
        "A1;31/12/2568;10.30;M1;฿1,234.50\nA2;01/01/2569;9.05;M2;฿80.00\nรวม;;;;฿1,314.50\n",
    );
    const { mapping, err, taken } = await propose(file);
    expect(mapping).toMatchObject({
      system: "import",
      file: { format: "delimited", delimiter: ";", totals: ["รวม"] },
      member: "รหัสสมาชิก",
      key: { columns: ["เลขที่ใบเสร็จ"] },
      amount: { column: "ยอดสุทธิ", decimals: 2, grouping: ",", marks: ["฿"] },
      time: { column: ["วันที่", "เวลา"], format: "d/M/yyyy[ H.mm[.ss]]", era: "buddhist" },
    });
    expect(err).toContain("Are the years of column วันที่ of the Buddhist era? They are declared so.");
    expect(taken).toBe(2);
  });

  test.each([
    ["31/12/69", "buddhist", "Are the years of column time of the Buddhist era?"],
    ["31/12/25", undefined, "Of which era are the two digits of the years of column time?"],
  ])("two-digit years such as %s, which are asked about", async (time, era, question) => {
    const file = await write(
      "short.csv",
      `order,member,amount,time\nO1,M1,10.00,${time.replace("31/12/69", "1/2/69")}\n`,
    );
    const { mapping, err, taken } = await propose(file);
    expect([mapping.time.era, taken]).toEqual([era, 1]);
    expect(err).toContain(question);
  });

  test("opening balances, whose odd years are asked about", async () => {
    const file = await write(
      "balances.csv",
      "member,points,valid_until\nM1,500,31/12/2569\nM2,700,30/06/2570\nM3,100,31/12/2026\nM4,5,\n",
    );
    const { mapping, err } = await propose(file);
    expect(mapping).toMatchObject({
      kind: { by: "constant", kind: "opening_balance" },
      expiry: { column: "valid_until", format: "d/M/yyyy", era: "buddhist", means: "last_day" },
    });
    expect(err).toContain("What is 31/12/2026 in column valid_until?");
    expect(err).toContain("Of when are the balances?");
    expect(err).toContain("What do rows without valid_until mean?");
  });

  test("an order's lines, known by the line too, or an order whose first line alone has the amount", async () => {
    const items = await write(
      "items.csv",
      "order,member,amount,time,sku\nO1,M1,199.00,2026-03-01,RED\nO1,M1,50.00,2026-03-01,BLUE\n",
    );
    const lines = await propose(items);
    expect(lines.mapping.key).toEqual({ columns: ["order", "sku"], scope: "programme" });
    expect(lines.err).toContain("is it the key of an order, whose lines the rows are?");
    expect(lines.taken).toBe(2);
    const shop = await write(
      "orders.csv",
      "Name,Email,Total,Created at,Lineitem name\n#1,a@example.test,1250.00,2026-03-01 10:15:12 +0700,Mug\n" +
        "#1,a@example.test,,,Tray\n#2,b@example.test,3.00,2026-03-02 08:59:00 +0700,Cup\n",
    );
    const orders = await propose(shop);
    expect(orders.mapping).toMatchObject({ key: { columns: ["Name"] }, amount: { empty: "same_key" } });
    expect(orders.taken).toBe(2);
  });

  test("ids that a spreadsheet has cut off, with what to do about them", async () => {
    const file = await write("cut.csv", "order,member,amount,time\n1.23457E+17,M1,1.00,2026-03-01\n");
    const { err, exitCode } = await propose(file);
    expect(err).toContain("ids that a spreadsheet has cut off, such as 1.23E+17");
    expect([exitCode, err]).toEqual([5, expect.stringContaining("scientific_id")]);
  });

  test("packed text, and text of before Unicode", async () => {
    const rows = "order,member,amount GBP,time\nO1,M1,5.00,2026-03-01T10:00:00Z\n";
    expect((await propose(await write("packed.csv.gz", gzipSync(rows)))).mapping.spend.currency).toBe("GBP");
    const western = Buffer.from(rows.replace("M1", "Zo\xeb"), "latin1");
    const thai = Buffer.concat([
      Buffer.from("order,member,amount,time\nO1,"),
      Buffer.of(0xca, 0xc1, 0xaa, 0xd2, 0xc2),
      Buffer.from(",5.00,2026-03-01\n"),
    ]);
    for (const [content, encoding] of [
      [western, "windows-1252"],
      [thai, "windows-874"],
    ] as const) {
      const { mapping, err } = await propose(await write("before.csv", content));
      expect(mapping.file.encoding).toBe(encoding);
      expect(err).toContain(`The text is no UTF-8: is it ${encoding}, as it is taken for?`);
    }
  });
});

test("a file that is damaged is named", async () => {
  const damaged = gzipSync("a,b\n1,2\n").fill(0, 12, 16);
  const { exitCode, err } = await check(await write("damaged.csv.gz", damaged));
  expect([exitCode, err]).toEqual([2, expect.stringMatching(/damaged\.csv\.gz cannot be read: /)]);
});

test("columns of one name are told apart by their position, and text in UTF-16 by its mark", async () => {
  const rows = "order,order,member,amount,time\nO1,X1,M1,5.00,2026-03-01\nO2,X1,M1,5.00,2026-03-01\n";
  const twice = await propose(await write("twice.csv", rows));
  expect([twice.mapping.key.columns, twice.mapping.member, twice.taken]).toEqual([[1], "member", 2]);
  const wide = Buffer.from(`\ufeff${rows.replace("order,order", "order,till")}`, "utf16le");
  const marked = await propose(await write("wide.csv", wide));
  expect([marked.mapping.file.encoding, marked.taken]).toEqual(["utf-16le", 2]);
});

test("what a file brings is shown, and obeyed by no terminal", async () => {
  const evil = "member \u001b[31m\u202e\u{e0001}";
  const { mapping, out, err, taken } = await propose(
    await write("evil.csv", `order,${evil},amount,time\nO1,M1,5.00,2026-03-01\nO2,,5.00,2026-03-01\n`),
  );
  expect([mapping.member, taken]).toEqual([evil, 1]);
  for (const shown of [out, err]) expect(shown).not.toMatch(/[^\P{C}\n]/u);
  expect(err).toContain("Column member \\u001b[31m\\u202e\\udb40\\udc01 is taken for the member.");
});

test("of standard input a mapping is proposed, and what would happen is told with it", async () => {
  const { exitCode, out, err } = await check(
    "-",
    undefined,
    "order,member,amount,time\nO1,M1,5.00,2026-03-01\n",
  );
  expect([exitCode, JSON.parse(out).member]).toEqual([0, "member"]);
  expect(err).toContain("Standard input is read once");
});

test.each([
  ["nothing.csv", "", "has no header that could be seen"],
  ["figures.csv", "1,2,3\n4,5,6\n", "has no header that could be seen"],
  [
    "strange.csv",
    "alpha,beta\n1,2\n",
    'no column could be told to be the member, the amount, the time; the header has "alpha", "beta"',
  ],
  ["garbage.csv", `${"x".repeat(1_000)},y\n`.repeat(3), '"y"'],
  [
    "wide.csv",
    `${Array.from({ length: 5_000 }, (_, i) => `c${i}`).join(",")}\n1${",1".repeat(4_999)}\n`,
    "and 4970 more",
  ],
])("where %s does not tell enough, that is said, and nothing proposed", async (name, content, message) => {
  const { exitCode, out, err } = await check(await write(name, content));
  expect([exitCode, out]).toEqual([2, ""]);
  expect(err).toContain(message);
  expect(err.length).toBeLessThan(2_000);
});

const shared = process.env["TAEM_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
const absent = ["data", "inputs"].map((name) => join(shared, name)).find((path) => !existsSync(path));
const reason = absent === undefined ? "" : ` (skipped: ${absent} is not there; see TAEM_SHARED)`;

describe.skipIf(reason !== "")(`files that people have${reason}`, () => {
  test("are read by what is proposed for them: nearly every row of those that are whole", async () => {
    const inputs = (await readdir(join(shared, "inputs"))).filter((name) => name.endsWith(".csv"));
    expect(inputs.length).toBeGreaterThan(8);
    for (const name of inputs) {
      const { taken } = await propose(join(shared, "inputs", name));
      // All of its ids are cut off.
      expect(taken, name).toBeGreaterThanOrEqual(name === "03-scientific-ids.csv" ? 0 : 1);
    }
  });

  test.each([
    ["online_retail_invoices.csv", 22_186, { key: { columns: ["invoice_no"] }, spend: { currency: "GBP" } }],
    ["CDNOW_master.txt", 69_579, { file: { format: "whitespace" }, time: { format: "yyyyMMdd" } }],
    ["completejourney_transactions_sample_1of2.csv", 1, { key: { columns: ["basket_id", "product_id"] } }],
  ])("%s", async (name, rows, expected) => {
    const { mapping, taken } = await propose(join(shared, "data", name));
    expect(mapping).toMatchObject(expected);
    expect(taken).toBeGreaterThanOrEqual(rows);
  });
});
