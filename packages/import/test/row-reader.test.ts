import { describe, expect, it } from "vitest";
import { Rejection, rejectReasons } from "../src/reject-reasons.ts";
import { isTransaction, type RowReaderOptions, rowReader } from "../src/row-reader.ts";
import type { TableRow } from "../src/table.ts";
import { parsedMapping } from "./support/mappings.ts";

const HEADER = ["member", "time", "amount", "order", "line", "kind", "expiry"];
const ROW = ["m1", "2026-03-01 10:00", "12.50", "A-1", "1", "sale", "31/12/2026"];

function reader(change: object = {}, options: Partial<RowReaderOptions> = {}) {
  return rowReader({
    mapping: parsedMapping(change),
    header: HEADER,
    zone: "Asia/Bangkok",
    latest: Date.UTC(2026, 11, 31),
    duplicates: "keep",
    keylessBy: "mapped_columns",
    ...options,
  });
}

function row(change: Partial<Record<string, string>> = {}): TableRow {
  return { line: 2, lines: 1, cells: HEADER.map((name, i) => change[name] ?? (ROW[i] as string)) };
}

const read = (change: object = {}, cells: Partial<Record<string, string>> = {}) => reader(change)(row(cells));

const key = { key: { columns: ["order", "line"], scope: "programme" } };
const byKind = { kind: { by: "column", column: "kind", values: { sale: "earn", cancel: "reversal" } } };
const opening = {
  kind: { by: "constant", kind: "opening_balance" },
  spend: undefined,
  amount: { column: "amount", decimals: 2, grouping: "," },
  expiry: { column: "expiry", format: "d/M/yyyy", means: "last_day", empty: "reject" },
};

describe("a row", () => {
  it("is an earn of a spend", () => {
    expect(read()).toEqual({
      kind: "earn",
      member: "m1",
      occurredAt: Date.UTC(2026, 2, 1, 3),
      command: {
        op: "earn",
        member: "ext:m1",
        currency: "POINT",
        occurredAt: "2026-03-01T03:00:00.000Z",
        source: { system: "shop-rows", id: expect.stringMatching(/^row-[0-9a-f]{32}-1$/) },
        reason: "purchase",
        spend: { amount: "1250", currency: "THB", rule: "base-earn" },
      },
    });
  });

  it("is a return without a reference where the amount is below zero", () => {
    expect(read({}, { amount: "-12.50" })).toMatchObject({
      kind: "reversal",
      command: { op: "reverse", spend: { amount: "1250", rule: "base-earn" }, reason: "return" },
    });
  });

  it("is what its kind says, in points where there is no spend", () => {
    const inPoints = { ...byKind, spend: undefined, reasons: { reversal: "cancelled" } };
    expect(read(inPoints)).toMatchObject({ kind: "earn", command: { op: "earn", points: "1250" } });
    expect(read(inPoints, { kind: "cancel", amount: "-1.00" })).toMatchObject({
      command: { op: "reverse", points: "100", reason: "cancelled" },
    });
  });

  it("is an opening balance with the last day it is valid", () => {
    expect(read(opening, { amount: "1,234.50" })).toMatchObject({
      kind: "opening_balance",
      command: {
        op: "earn",
        points: "123450",
        expiresAt: "2026-12-31T17:00:00.000Z",
        reason: "opening_balance",
      },
    });
  });

  it.each([
    ["never", { expiresAt: null }],
    ["by_policy", {}],
  ])("without an expiry expires %s, if the mapping says so", (empty, expected) => {
    const transaction = read({ ...opening, expiry: { ...opening.expiry, empty } }, { expiry: "" });
    expect(transaction).toMatchObject({ command: expected });
    expect(Object.keys(isTransaction(transaction) ? transaction.command : {}).includes("expiresAt")).toBe(
      "expiresAt" in expected,
    );
  });

  it("takes the programme's zone where the mapping says none", () => {
    const { time } = { time: { column: "time", format: "yyyy-MM-dd HH:mm" } };
    const inLondon = reader({ time }, { zone: "Europe/London" })(row({ time: "2026-07-01 10:00" }));
    expect(inLondon).toMatchObject({ occurredAt: Date.UTC(2026, 6, 1, 9) });
  });

  it("may happen at one time for the whole file", () => {
    expect(read({ time: { at: "2026-01-01T00:00:00+07:00" } })).toMatchObject({
      occurredAt: Date.UTC(2025, 11, 31, 17),
    });
  });

  it("of nothing spent is taken if the mapping says so", () => {
    const taking = { amount: { column: "amount", decimals: 2, zero: "take" } };
    expect(read(taking, { amount: "0.00" })).toMatchObject({
      command: { op: "earn", spend: { amount: "0" } },
    });
    const cancelled = read({ ...taking, ...byKind }, { amount: "0.00", kind: "cancel" });
    expect(cancelled).toMatchObject({ reason: "zero_amount" });
  });
});

describe("the key of a row", () => {
  const idOf = (cells: Partial<Record<string, string>>, columns: string[] = ["order", "line"]) => {
    const transaction = read({ key: { ...key.key, columns } }, cells);
    return isTransaction(transaction) ? transaction.command.source?.id : transaction.reason;
  };

  it("is what its key columns say, so that an auditor finds it", () => {
    expect(idOf({}, ["order"])).toBe("A-1");
    expect(idOf({})).toBe("A-1|1");
  });

  it("tells apart what only looks alike when joined", () => {
    const pairs = [
      ["a|b", "c"],
      ["a", "b|c"],
      ["a%7Cb", "c"],
      ["a%", "7Cb|c"],
    ];
    expect(new Set(pairs.map(([order = "", line = ""]) => idOf({ order, line }))).size).toBe(4);
  });

  it("is its content and its number among identical rows, without key columns", () => {
    const shared = reader();
    const ids = [row(), row(), row({ amount: "1.00" })].map((each) => {
      const transaction = shared(each);
      return isTransaction(transaction) ? (transaction.command.source?.id ?? "") : "";
    });
    expect(ids.map((id) => id.replace(/^row-[0-9a-f]{32}-/, ""))).toEqual(["1", "2", "1"]);
    expect(ids[1]?.slice(0, 36)).toBe(ids[0]?.slice(0, 36));
    expect(ids[2]?.slice(0, 36)).not.toBe(ids[0]?.slice(0, 36));
  });
});

describe("a row is rejected", () => {
  const longKey = "k".repeat(201);

  it.each([
    ["unknown_kind", byKind, { kind: "adjust" }],
    ["unknown_kind", byKind, { kind: "toString" }],
    ["no_member", {}, { member: "" }],
    ["malformed_text", {}, { member: "M\ufffdller" }],
    ["malformed_text", key, { order: "\ufffd" }],
    ["malformed_id", {}, { member: "m".repeat(129) }],
    ["scientific_id", {}, { member: "1.23457E+11" }],
    ["scientific_id", key, { order: "1,2E+17" }],
    ["malformed_id", key, { order: longKey }],
    ["no_key", key, { line: "" }],
    ["malformed_amount", {}, { amount: "twelve" }],
    ["malformed_amount", {}, { amount: "" }],
    ["fractional_amount", {}, { amount: "1.005" }],
    ["amount_too_large", {}, { amount: "99999999999999" }],
    ["zero_amount", {}, { amount: "0.00" }],
    ["wrong_sign", byKind, { amount: "-1.00" }],
    ["wrong_sign", byKind, { kind: "cancel", amount: "1.00" }],
    ["wrong_sign", opening, { amount: "-1.00" }],
    ["malformed_time", {}, { time: "2026-02-30 10:00" }],
    ["time_in_future", {}, { time: "2911-12-01 10:00" }],
    ["time_in_future", { time: { at: "2911-01-01T00:00:00Z" } }, {}],
    ["malformed_expiry", opening, { expiry: "31.12.2026" }],
    ["no_expiry", opening, { expiry: "" }],
    ["expiry_too_far", opening, { expiry: "31/12/2569" }],
  ])("as %s", (reason, change, cells) => {
    expect(read(change, cells)).toMatchObject({ reason, detail: expect.stringMatching(/.{5}/) });
  });

  it("as duplicate, if identical rows are to be rejected", () => {
    const rejecting = reader({}, { duplicates: "reject" });
    expect(rejecting(row())).toMatchObject({ kind: "earn" });
    expect(rejecting(row())).toMatchObject({ reason: "duplicate" });
  });

  it("as key_repeated, if an earlier row has its key, whose line is told", () => {
    const keyed = reader(key);
    expect(keyed(row({ amount: "x" }))).toMatchObject({ reason: "malformed_amount" });
    expect(keyed({ ...row(), line: 7 })).toMatchObject({ kind: "earn" });
    expect(keyed(row({ amount: "1.00" }))).toMatchObject({
      reason: "key_repeated",
      detail: 'the key "A-1|1" is that of line 7',
    });
  });

  it("as wrong_column_count or by the fault of its lines, whatever its cells say", () => {
    expect(reader()({ ...row(), cells: ROW.slice(1) })).toMatchObject({ reason: "wrong_column_count" });
    const fault = { reason: "quote_not_closed", detail: "the quote of line 2 is never closed" } as const;
    expect(reader()({ ...row(), fault })).toMatchObject(fault);
  });

  it("for the first thing that is wrong: kind, member, key, amount, time", () => {
    const wrong = { kind: "adjust", member: "", order: "", amount: "x", time: "x" };
    const mapping = { ...byKind, ...key };
    const reasons: string[] = [];
    for (const [name, right] of [
      ["kind", "sale"],
      ["member", "m1"],
      ["order", "A-1"],
      ["amount", "1.00"],
    ] as const) {
      const found = read(mapping, wrong);
      reasons.push(!isTransaction(found) ? found.reason : "");
      wrong[name] = right;
    }
    expect(reasons).toEqual(["unknown_kind", "no_member", "no_key", "malformed_amount"]);
    expect(read(mapping, wrong)).toMatchObject({ reason: "malformed_time" });
  });

  it("showing no more than the beginning of a huge cell", () => {
    const rejection = read({}, { amount: "9".repeat(100_000) });
    expect(rejection instanceof Rejection && rejection.detail.length).toBeLessThan(200);
  });
});

describe("the columns of a mapping", () => {
  it("may be named by position", () => {
    const named = read({ member: 4, amount: { column: 3, decimals: 2 } });
    expect(named).toMatchObject({ member: "A-1", command: { spend: { amount: "1250" } } });
  });

  it.each([
    ["is not in the header", { member: "customer" }, HEADER, /no column customer; the header has "member"/],
    ["lies beyond it", { member: 9 }, HEADER, /no column 9/],
    ["stands in it twice", {}, [...HEADER, "member"], /has member twice/],
  ])("are a usage error if one %s", (_, change, header, message) => {
    expect(() => reader(change, { header })).toThrow(message);
    expect(() => reader(change, { header })).toThrow(expect.objectContaining({ code: "column_unknown" }));
  });
});

describe("the registry of reasons", () => {
  it("says of each what is wrong, in a sentence", () => {
    for (const [reason, sentence] of Object.entries(rejectReasons)) {
      expect(reason).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });
});
