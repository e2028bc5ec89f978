import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checking, openChecking } from "./support/checking.ts";

let checking: Checking;

beforeAll(async () => {
  checking = await openChecking();
});

afterAll(() => checking[Symbol.asyncDispose]());

const ROW = "m1,2026-03-01 10:00,1.00";

describe("the table in a file", () => {
  it("begins at the first row that has the mapping's columns, and ends before its totals", async () => {
    const text = [
      "Shop 12",
      "",
      "Sales,from,1 March,to 31",
      "member,time,amount",
      ROW,
      ",,",
      "รวมทั้งสิ้น,1.00",
      "Total: 1",
      "",
    ];
    const file = { format: "delimited", totals: ["Total", "รวม"] };
    const { tally } = await checking.check(text.join("\n"), { file });
    expect(tally).toMatchObject({
      lines: 8,
      taken: { earn: 1 },
      ignored: { above_header: 2, blank: 2, header: 1, totals: 2 },
      rejected: {},
    });
  });

  it("has its header as a spreadsheet writes it, with no-break spaces", async () => {
    const text = `Net\u00a0sales,member,time\n1.00,m1,2026-03-01 10:00\n`;
    const { tally } = await checking.check(text, { amount: { column: "Net sales", decimals: 2 } });
    expect(tally.taken.earn).toBe(1);
  });

  it("is not to be found where the columns are others, and the header is told", async () => {
    await expect(checking.check(`customer,time,amount\n${ROW}\n`)).rejects.toThrow(
      'mapping member: there is no column member; the header has "customer", "time", "amount"',
    );
  });

  it("by position begins with the first row, which can be no broken one", async () => {
    const byPosition = {
      member: 1,
      time: { column: 2, format: "yyyy-MM-dd HH:mm" },
      amount: { column: 3, decimals: 2 },
    };
    const { tally } = await checking.check(`who,when,how much\n${ROW}\n`, byPosition);
    expect(tally).toMatchObject({ taken: { earn: 1 }, ignored: { header: 1 } });
    const broken = checking.check(`who,when,"how much\n${ROW}\nm1,2026-03-01 10:00,"x"\n`, byPosition);
    await expect(broken).rejects.toThrow("has a header that cannot be read");
    const file = { format: "delimited", header: false };
    const bare = await checking.check(`"m0,2026-03-01 10:00\nx,"1"\n${ROW}\n`, { ...byPosition, file });
    expect(bare.tally).toMatchObject({ lines: 3, taken: { earn: 1 }, rejected: { stray_quote: 2 } });
  });

  it("may have date and time in two columns", async () => {
    const text = "member,day,clock,amount\nm1,1 มี.ค. 69,10.15,1.00\nm1,2 มีนาคม 69,,1.00\n";
    const time = { column: ["day", "clock"], format: "d MMM yy[ H.mm]", era: "buddhist" };
    const { tally, first, last } = await checking.check(text, { time });
    expect(tally.taken.earn).toBe(2);
    expect([first, last]).toEqual([Date.UTC(2026, 2, 1, 3, 15), Date.UTC(2026, 2, 1, 17)]);
  });

  it("may have its members' ids as spreadsheets are kept from reading them", async () => {
    const text = `member,time,amount\n"=""0012""",2026-03-01 10:00,1.00\n'0012,2026-03-01 10:00,2.00\n0012,2026-03-01 10:00,3.00\n't Hooft,2026-03-01 10:00,3.00\n`;
    expect((await checking.check(text)).members).toBe(2);
    expect((await checking.check(text, { ids: { armour: "keep" } })).members).toBe(4);
  });
});
