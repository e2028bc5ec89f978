import { describe, expect, it } from "vitest";
import { type Report, reportBody, reportTable } from "../src/report.ts";
import { addTally, countReject, countTaken, emptyTally } from "../src/tally.ts";

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

function tally() {
  const some = emptyTally();
  some.rows = 6;
  countTaken(some, "earn", answer("1250", false));
  countTaken(some, "earn", answer("0", false));
  countTaken(some, "earn", answer("99", true));
  countTaken(
    some,
    "reversal",
    answer("250", false, { unmatched: "10", waived: "5", expired: "2", debt: "3" }),
  );
  countReject(some, "no_member");
  countReject(some, "key_reused");
  return some;
}

const report: Report = {
  file: "/data/orders.csv",
  programme: "the-1",
  outcome: "complete",
  tally: tally(),
  rowsNow: 6,
  seconds: 0.5,
};

describe("a report", () => {
  it("is a table that people can read", () => {
    expect(reportTable(report)).toMatchInlineSnapshot(`
      "Import of orders.csv into the-1: complete

        rows read             6
        members enrolled      0
        earns                 2
        reversals             1
        opening balances      0
        replayed              1  in the ledger before, under the same keys
        zero effect           1  taken, but moved no points
        rejected              2
          no_member           1  The member column is empty.
          key_reused          1  refused by the API
        points credited   1,250
        points reversed     250
          of them waived      7  given up by policy, or expired
          of them owed        3
        points unmatched     10  asked back, but no earn stood against them

      6 rows in 0.5 s, 12 rows/s
      "
    `);
  });

  it("is JSON that programs can read, with points as decimal strings", () => {
    expect(JSON.parse(JSON.stringify(reportBody(report)))).toMatchInlineSnapshot(`
      {
        "credited": "1250",
        "debt": "3",
        "file": "/data/orders.csv",
        "membersEnrolled": 0,
        "outcome": "complete",
        "programme": "the-1",
        "rejected": {
          "key_reused": 1,
          "no_member": 1,
        },
        "replayed": 1,
        "reversed": "250",
        "rows": 6,
        "rowsNow": 6,
        "rowsPerSecond": 12,
        "seconds": 0.5,
        "taken": {
          "earn": 2,
          "opening_balance": 0,
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
      rows: 12,
      taken: { earn: 4, reversal: 2 },
      replayed: 2,
      zeroEffect: 2,
      rejected: { no_member: 2, key_reused: 2 },
      credited: 2_500n,
      reversed: 500n,
      unmatched: 20n,
      waived: 14n,
      debt: 6n,
    });
  });
});
