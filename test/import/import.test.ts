import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  effects,
  type Importing,
  mappingOf,
  openImporting,
  outstanding,
  rejectsOf,
  reportOf,
} from "./support/importing.ts";

let importing: Importing;

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

const FILE = `member,time,amount
m1,2026-01-05 10:00,125.50
m2,2026-01-05 11:00,40.00
m1,2026-01-07 09:00,-25.00
m3,2026-01-09 09:00,-10.00
,2026-01-09 10:00,99.00
m1,2026-01-09 10:00,0.00
m1,soon,5.00
m2,2026-01-09 12:00,0.99
m2,2026-01-09 12:00,0.99
`;

describe("an import", () => {
  it("makes members, earns and returns of a file, and says what it rejected and why", async () => {
    const file = await importing.write("orders.csv", FILE);
    const programme = importing.fresh();
    const { exitCode, out, err } = await importing.run({ file, programme });
    expect({ exitCode, err }).toMatchObject({ exitCode: 0, err: expect.stringContaining("rejects.csv") });
    expect(await reportOf(file)).toMatchObject({
      outcome: "complete",
      rows: 9,
      membersEnrolled: 3,
      taken: { earn: 4, reversal: 2, opening_balance: 0 },
      zeroEffect: 3,
      replayed: 0,
      rejected: { no_member: 1, zero_amount: 1, malformed_time: 1 },
      credited: "165",
      reversed: "25",
      unmatched: "10",
    });
    expect(out).toMatch(/rows read +9\n[\s\S]*no_member +1 {2}The member column is empty\./);
    expect(await rejectsOf(file)).toBe(
      'line,reason,detail\n6,no_member,"column member is empty"\n7,zero_amount,"the amount is zero"\n' +
        '8,malformed_time,"""soon"" is no time of the calendar in the form yyyy-MM-dd HH:mm"\n',
    );
    const events = await importing.events(programme);
    expect(outstanding(events)).toBe(140n);
    expect(events.find(({ type }) => type === "EarnReversed")).toMatchObject({ unreferenced: true });
  });

  it("run twice changes nothing", async () => {
    const file = await importing.write("twice.csv", FILE);
    const programme = importing.fresh();
    await importing.run({ file, programme });
    const before = await importing.log();
    const { exitCode } = await importing.run({ file, programme });
    expect(exitCode).toBe(0);
    expect(await importing.log()).toEqual(before);
    expect(await reportOf(file)).toMatchObject({
      membersEnrolled: 0,
      taken: { earn: 0, reversal: 0 },
      replayed: 6,
      rejected: { no_member: 1, zero_amount: 1, malformed_time: 1 },
    });
  });

  it("takes a row that was added anywhere, and nothing else", async () => {
    const file = await importing.write("grown.csv", FILE);
    const programme = importing.fresh();
    await importing.run({ file, programme });
    const before = effects(await importing.events(programme));
    const lines = FILE.split("\n");
    await writeFile(file, [lines[0], "m2,2026-01-05 11:00,40.00", ...lines.slice(1)].join("\n"));
    await importing.run({ file, programme });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 1, reversal: 0 }, replayed: 6 });
    const after = effects(await importing.events(programme));
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it("knows a row again whatever its quotes, line ends and white space", async () => {
    const programme = importing.fresh();
    await importing.run({ file: await importing.write("a.csv", FILE), programme });
    const dressed = `\ufeff${FILE.replaceAll(",", " , ").replaceAll("m1", '"m1"').replaceAll("\n", "\r\n")}`;
    const file = await importing.write("b.csv", dressed);
    await importing.run({ file, programme });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 0, reversal: 0 }, replayed: 6 });
  });

  it("takes identical rows as so many transactions, or rejects all but the first", async () => {
    const row = "m1,2026-01-05 10:00,10.00\n";
    const file = await importing.write("same.csv", `member,time,amount\n${row.repeat(3)}`);
    const keeping = importing.fresh();
    await importing.run({ file, programme: keeping });
    expect(outstanding(await importing.events(keeping))).toBe(30n);
    const rejecting = importing.fresh();
    await importing.run({ file, programme: rejecting, duplicates: "reject" });
    expect(outstanding(await importing.events(rejecting))).toBe(10n);
    expect(await reportOf(file)).toMatchObject({ rejected: { duplicate: 2 } });
  });

  it("of nothing but a header takes nothing, which is no fault", async () => {
    const file = await importing.write("header.csv", "member,time,amount\r\n");
    expect(await importing.run({ file, programme: importing.fresh() })).toMatchObject({ exitCode: 0 });
    expect(await reportOf(file)).toMatchObject({ rows: 0, rowsPerSecond: 0 });
  });

  it("of a file that was cut off takes every whole row", async () => {
    const file = await importing.write(
      "cut.csv",
      'member,time,amount\nm1,2026-01-05 10:00,10.00\n"m2,2026-01',
    );
    expect(await importing.run({ file, programme: importing.fresh() })).toMatchObject({ exitCode: 0 });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 1 }, rejected: { quote_not_closed: 1 } });
  });

  it("rejects what no member or key can be called, by the API's code", async () => {
    const file = await importing.write(
      "odd.csv",
      "member,time,amount\nm\u200b1,2026-01-05 10:00,10.00\nm2,2026-01-05 10:00,1.00\n",
    );
    await importing.run({ file, programme: importing.fresh() });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 1 }, rejected: { malformed_id: 1 } });
  });
});

describe("rows with key columns", () => {
  const keyed = (scope: string) =>
    mappingOf({ key: { columns: ["order"], scope }, time: { column: "time", format: "yyyy-MM-dd" } });

  it("are each done once: another row with the same key is rejected with the line of the first", async () => {
    const content =
      "order,member,time,amount\nA1,m1,2026-01-05,10.00\nA1,m1,2026-01-05,11.00\nA1,m2,2026-01-05,10.00\nA1,m1,2026-01-05,10.00\n";
    const file = await importing.write("keyed.csv", content);
    const mapping = await importing.write("keyed.json", JSON.stringify(keyed("programme")));
    const programme = importing.fresh();
    await importing.run({ file, mapping, programme });
    expect(await reportOf(file)).toMatchObject({
      taken: { earn: 1 },
      replayed: 0,
      rejected: { key_repeated: 3 },
    });
    expect(await rejectsOf(file)).toBe(
      `line,reason,detail\n${[3, 4, 5].map((line) => `${line},key_repeated,"the key ""A1"" is that of line 2"\n`).join("")}`,
    );
    expect((await importing.events(programme)).map((event) => "key" in event && event.key.id)).toEqual([
      "A1",
    ]);
  });

  it("that neither member nor key can be called, are rejected, and the rest is taken", async () => {
    const content = "order,member,time,amount\nA\u200b1,m\u200b1,2026-01-05,10.00\nA2,m1,2026-01-05,11.00\n";
    const file = await importing.write("odd-keys.csv", content);
    const mapping = await importing.write("odd-keys.json", JSON.stringify(keyed("account")));
    await importing.run({ file, mapping, programme: importing.fresh() });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 1 }, rejected: { malformed_id: 1 } });
  });

  it("may be unique for each account alone", async () => {
    const file = await importing.write(
      "slips.csv",
      "order,member,time,amount\n1,m1,2026-01-05,10.00\n1,m2,2026-01-05,10.00\n",
    );
    const mapping = await importing.write("slips.json", JSON.stringify(keyed("account")));
    await importing.run({ file, mapping, programme: importing.fresh() });
    expect(await reportOf(file)).toMatchObject({ taken: { earn: 2 }, rejected: {} });
  });
});

describe("the programme's clock", () => {
  const clockOf = async (programme: string) =>
    (await importing.service.api().get(`/v1/programmes/${programme}`)).body as unknown as {
      clock: { mode: string; at?: string };
    };

  it("is moved along with the rows, and stands at the newest afterwards", async () => {
    const file = await importing.write("clock.csv", FILE);
    const programme = importing.fresh();
    await importing.run({ file, programme });
    expect(await clockOf(programme)).toMatchObject({
      clock: { mode: "replay", at: "2026-01-09T05:00:00.000Z" },
    });
    const moves = (await importing.log()).filter((event) => event.type === "ClockSet").slice(-4);
    expect(moves.map(({ at = 0 }) => new Date(at).toISOString())).toEqual([
      "1970-01-02T00:00:00.000Z",
      "2026-01-05T04:00:00.000Z",
      "2026-01-07T02:00:00.000Z",
      "2026-01-09T05:00:00.000Z",
    ]);
  });

  it("never goes back: late rows are taken as of their own time", async () => {
    const file = await importing.write(
      "late.csv",
      "member,time,amount\nm1,2026-03-01 10:00,10.00\nm1,2026-01-01 10:00,5.00\nm1,2026-01-02 10:00,5.00\n",
    );
    const programme = importing.fresh();
    await importing.run({ file, programme });
    const events = await importing.events(programme);
    expect(events.map(({ effectiveAt }) => new Date(effectiveAt).toISOString())).toEqual([
      "2026-03-01T03:00:00.000Z",
      "2026-01-01T03:00:00.000Z",
      "2026-01-02T03:00:00.000Z",
    ]);
    expect(await clockOf(programme)).toMatchObject({ clock: { at: "2026-03-01T03:00:00.000Z" } });
  });

  it("goes live after the import if it is told to, and a live programme can be imported into", async () => {
    const file = await importing.write("live.csv", FILE);
    const programme = importing.fresh();
    expect(await importing.run({ file, programme, goLive: true })).toMatchObject({ exitCode: 0 });
    expect(await clockOf(programme)).toMatchObject({ clock: { mode: "live" } });
    const more = await importing.write("more.csv", "member,time,amount\nm1,2026-02-05 10:00,10.00\n");
    expect(await importing.run({ file: more, programme, goLive: true })).toMatchObject({ exitCode: 0 });
    expect(outstanding(await importing.events(programme))).toBe(150n);
  });
});

describe("opening balances", () => {
  const opening = mappingOf({
    file: { format: "delimited", delimiter: ";", encoding: "windows-874" },
    kind: { by: "constant", kind: "opening_balance" },
    amount: { column: "points", decimals: 0, grouping: "," },
    spend: undefined,
    time: { at: "2026-01-01T00:00:00+07:00" },
    expiry: { column: "until", format: "d/M/yyyy", zone: "Asia/Bangkok", means: "last_day", empty: "never" },
  });

  it("are lots with the expiry that the old ledger gave them", async () => {
    // สมชาย in windows-874
    const name = Buffer.from([0xca, 0xc1, 0xaa, 0xd2, 0xc2]);
    const content = Buffer.concat([
      Buffer.from("member;until;points\n"),
      name,
      Buffer.from(";31/12/2026;1,250\n"),
      name,
      Buffer.from(";;300\n"),
    ]);
    const file = await importing.write("opening.csv", content);
    const mapping = await importing.write("opening.json", JSON.stringify(opening));
    const programme = importing.fresh();
    expect(await importing.run({ file, mapping, programme })).toMatchObject({ exitCode: 0 });
    expect(await importing.run({ file, mapping, programme })).toMatchObject({ exitCode: 0 });
    const earned = (await importing.events(programme)).filter((event) => event.type === "PointsEarned");
    expect(earned.map(({ lot, reason }) => [lot.amount, lot.expiresAt, reason])).toEqual([
      [1_250n, Date.UTC(2026, 11, 31, 17), "opening_balance"],
      [300n, undefined, "opening_balance"],
    ]);
    expect(new Set(earned.map(({ member }) => member)).size).toBe(1);
  });
});
