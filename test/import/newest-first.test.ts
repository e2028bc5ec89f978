import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Importing,
  interrupting,
  mappingOf,
  openImporting,
  outstanding,
  reportOf,
} from "./support/importing.ts";

let importing: Importing;

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

const mapping = mappingOf({
  member: "Customer",
  key: { columns: ["Receipt"], scope: "programme" },
  kind: { by: "column", column: "Type", values: { Sale: "earn", Refund: "reversal" } },
  amount: { column: "Net sales", decimals: 2 },
  time: { column: "Date", format: "M/d/yyyy h:mm a" },
});

const HEADER = "Date,Receipt,Type,Net sales,Customer,Status";
const ROWS = [
  "3/2/2026 1:33 PM,1-1004,Refund,-200.00,C1,Closed",
  "3/2/2026 12:57 PM,1-1003,Sale,90.00,,Closed",
  "3/1/2026 12:10 PM,1-1002,Sale,500.00,C2,Cancelled",
  "3/1/2026 9:05 AM,1-1001,Sale,200.00,C1,Closed",
];

async function run(programme: string, rows: readonly string[], change: object = {}) {
  const file = await importing.write(`${importing.fresh()}.csv`, [HEADER, ...rows, ""].join("\n"));
  const path = await importing.write("newest-first.json", JSON.stringify({ ...mapping, ...change }));
  return { file, ...(await importing.run({ file, mapping: path, programme })), report: await reportOf(file) };
}

describe("a file whose newest rows come first", () => {
  it("is read from its end, so that a return finds its sale", async () => {
    const programme = importing.fresh();
    const { err, report } = await run(programme, ROWS);
    expect(err).toContain("newest rows come first");
    expect(report).toMatchObject({
      lines: 5,
      taken: { earn: 2, reversal: 1 },
      unmatched: "0",
      reversed: "200",
      rejected: { no_member: 1 },
    });
    expect(outstanding(await importing.events(programme))).toBe(500n);
  });

  it("that has got rows on top is gone on with", async () => {
    const programme = importing.fresh();
    const many = Array.from({ length: 20 }, (_, i) => `3/${28 - i}/2026 9:00 AM,R${i},Sale,10.00,C1,Closed`);
    const file = await importing.write("on-top.csv", [HEADER, ...many.slice(4), ""].join("\n"));
    const path = await importing.write("on-top.json", JSON.stringify(mapping));
    const options = { file, mapping: path, programme };
    expect(await importing.run({ ...options, onErr: interrupting })).toMatchObject({ exitCode: 130 });
    await importing.write("on-top.csv", [HEADER, ...many, ""].join("\n"));
    const { exitCode, err } = await importing.run(options);
    expect({ exitCode, err }).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("Going on after row"),
    });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 20 }, replayed: 0 });
  });

  it("is told from one that goes back now and then", async () => {
    const { err, report } = await run(
      importing.fresh(),
      ROWS.toReversed().toSpliced(1, 0, ROWS[3] as string),
    );
    expect(err).not.toContain("newest rows come first");
    expect(report).toMatchObject({ unmatched: "0", rejected: { key_repeated: 1 } });
  });
});

describe("conditions", () => {
  it("leave rows out, which are counted apart", async () => {
    const programme = importing.fresh();
    const only = [{ column: "Status", values: ["Closed"] }];
    const skip = [{ column: "Customer", values: [""] }];
    const { report } = await run(programme, ROWS, { only, skip });
    expect(report).toMatchObject({
      lines: 5,
      rows: 2,
      ignored: { header: 1, only: 1, skip: 1 },
      taken: { earn: 1, reversal: 1 },
      rejected: {},
    });
    expect(outstanding(await importing.events(programme))).toBe(0n);
  });

  it("that leave every row out are most likely wrong: exit code 5", async () => {
    const only = [{ column: "Status", values: ["closed"] }];
    const { exitCode, report } = await run(importing.fresh(), ROWS, { only });
    expect(exitCode).toBe(5);
    expect(report).toMatchObject({ rows: 0, ignored: { only: 4 } });
  });
});
