import { describe, expect, it } from "vitest";
import type { Kind } from "../src/mapping.ts";
import { Ignored, Rejection } from "../src/reject-reasons.ts";
import { type Report, reportBody, reportTable } from "../src/report.ts";
import type { Transaction } from "../src/row-reader.ts";
import { addTally, countReject, countRow, countTaken, emptyTally } from "../src/tally.ts";

function answer(points: string, replayed: boolean, clawback?: Partial<Record<string, string>>) {
  return {
    member: "m",
    currency: "POINT",
    replayed,
    effect: { kind: "k", points, effectiveAt: "2026-01-01T00:00:00.000Z", ...(clawback && { clawback }) },
    balance: {},
    token: "",
  } as unknown as Parameters<typeof countTaken>[2];
}

const ARRIVAL = Date.UTC(2026, 0, 1);

const transaction = (kind: Kind, expiresAt?: number) =>
  ({ kind, occurredAt: ARRIVAL, expiresAt, member: "m" }) as unknown as Transaction;

function tally() {
  const some = emptyTally();
  const rows = ["earn", "earn", "earn", "opening_balance", "opening_balance", "reversal", "earn"] as const;
  for (const kind of rows) countRow(some, kind === "reversal" ? 2 : 1, transaction(kind));
  countRow(some, 1, new Ignored("header"));
  countRow(some, 1, new Rejection("no_member", "column member is empty"));
  const answers = [answer("1250", false), answer("0", false), answer("99", true)];
  for (const each of answers) countTaken(some, transaction("earn"), each, ARRIVAL);
  countTaken(some, transaction("opening_balance", ARRIVAL), answer("70", false), ARRIVAL);
  countTaken(some, transaction("opening_balance", ARRIVAL + 1), answer("30", false), ARRIVAL);
  const clawback = { unmatched: "10", waived: "5", expired: "2", debt: "3" };
  countTaken(some, transaction("reversal"), answer("250", false, clawback), ARRIVAL);
  countReject(some, "key_reused");
  return some;
}

const report: Report = {
  file: "/data/orders.csv",
  programme: "the-1",
  outcome: "complete",
  tally: tally(),
  rowsNow: 8,
  seconds: 0.5,
};

describe("a report", () => {
  it("is a table that people can read", () => {
    expect(reportTable(report)).toMatchInlineSnapshot(`
      "Import of orders.csv into the-1: complete

        lines read            10
        ignored                2
          continued            1  further lines of rows whose cells hold line ends
          header               1  the header
        rows read              8
        members enrolled       0
        earns                  2
        reversals              1
        opening balances       2
        replayed               1  in the ledger before, under the same keys
        zero effect            1  taken, but moved no points
        rejected               2
          no_member            1  The member column is empty.
          key_reused           1  refused by the API
        points credited    1,350
          of them expired     70  in 1 opening balances, when they came
        points reversed      250
          of them waived       7  given up by policy, or expired
          of them owed         3
        points unmatched      10  asked back, but no earn stood against them

      8 rows in 0.5 s, 16 rows/s
      "
    `);
  });

  it("is JSON that programs can read, with points as decimal strings", () => {
    expect(JSON.parse(JSON.stringify(reportBody(report)))).toMatchInlineSnapshot(`
      {
        "credited": "1350",
        "debt": "3",
        "expiredOnArrival": 1,
        "file": "/data/orders.csv",
        "ignored": {
          "continued": 1,
          "header": 1,
        },
        "lines": 10,
        "membersEnrolled": 0,
        "outcome": "complete",
        "pointsExpired": "70",
        "programme": "the-1",
        "rejected": {
          "key_reused": 1,
          "no_member": 1,
        },
        "replayed": 1,
        "reversed": "250",
        "rows": 8,
        "rowsNow": 8,
        "rowsPerSecond": 16,
        "seconds": 0.5,
        "taken": {
          "earn": 2,
          "opening_balance": 2,
          "reversal": 1,
        },
        "unmatched": "10",
        "waived": "7",
        "zeroEffect": 1,
      }
    `);
  });
});

describe("a tally", () => {
  it("of several parts is their sum", () => {
    const total = tally();
    addTally(total, tally());
    expect(total).toMatchObject({
      lines: 20,
      ignored: { header: 2, continued: 2 },
      rows: 16,
      taken: { earn: 4, reversal: 2, opening_balance: 4 },
      replayed: 2,
      zeroEffect: 2,
      rejected: { no_member: 2, key_reused: 2 },
      credited: 2_700n,
      expiredOnArrival: 2,
      pointsExpired: 140n,
      reversed: 500n,
      unmatched: 20n,
      waived: 14n,
      debt: 6n,
    });
  });
});
