import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { openTcpProxy } from "@taem/postgres/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { effects, type Importing, interrupting, openImporting, reportOf } from "./support/importing.ts";

let importing: Importing;

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

/** A row a day, so that every row is a chunk; some identical, some returns, some to be rejected. */
const ROWS = Array.from({ length: 40 }, (_, i) => {
  const day = String((i % 28) + 1).padStart(2, "0");
  const month = i < 28 ? "01" : "02";
  const amount = i % 7 === 6 ? "-3.00" : `${10 + (i % 3)}.00`;
  return `${i % 10 === 9 ? "" : `m${i % 4}`},2026-${month}-${day} 10:00,${amount}`;
});
const fileOf = (rows: readonly string[]) => `member,time,amount\n${rows.join("\n")}\n`;

async function straight(rows: readonly string[]): Promise<string[]> {
  const programme = importing.fresh();
  const file = await importing.write(`straight-${programme}.csv`, fileOf(rows));
  expect(await importing.run({ file, programme })).toMatchObject({ exitCode: 0 });
  return effects(await importing.events(programme));
}

describe("an interrupted import", () => {
  it("goes on where it stopped, however often, and ends as if it had never stopped", async () => {
    const programme = importing.fresh();
    const file = await importing.write("interrupted.csv", fileOf(ROWS));
    let runs = 0;
    for (let exitCode = 130; exitCode === 130; runs++) {
      const before = (await importing.events(programme)).length;
      const outcome = await importing.run({ file, programme, onErr: interrupting });
      exitCode = outcome.exitCode;
      if (exitCode === 130) {
        expect(outcome.err).toContain("Run the same again to go on.");
        expect((await importing.events(programme)).length).toBeGreaterThan(before);
      }
    }
    expect(runs).toBeGreaterThan(5);
    expect(effects(await importing.events(programme))).toEqual(await straight(ROWS));
    const report = await reportOf(file);
    expect(report).toMatchObject({
      outcome: "complete",
      rows: 40,
      membersEnrolled: 4,
      replayed: 0,
      rejected: { no_member: 4 },
    });
    expect(report["rowsNow"]).toBeLessThan(40);
    expect((await readFile(`${file}.import/rejects.csv`, "utf8")).split("\n")).toHaveLength(6);
    expect(existsSync(`${file}.import/state.json`)).toBe(false);
  });

  it.each([
    ["a row inserted on top", (rows: string[]) => ["m9,2026-01-01 09:00,50.00", ...rows]],
    ["a copy of a row that was done inserted on top", (rows: string[]) => [rows[0] as string, ...rows]],
    ["a row added at the end", (rows: string[]) => [...rows, "m9,2026-02-28 09:00,50.00"]],
  ])("of a file that has got %s takes it and nothing twice", async (_, edit) => {
    const programme = importing.fresh();
    const file = await importing.write(`edited-${programme}.csv`, fileOf(ROWS));
    expect(await importing.run({ file, programme, onErr: interrupting })).toMatchObject({ exitCode: 130 });
    const before = effects(await importing.events(programme));
    const edited = edit([...ROWS]);
    await writeFile(file, fileOf(edited));
    expect(await importing.run({ file, programme })).toMatchObject({ exitCode: 0 });
    const after = effects(await importing.events(programme));
    expect(after).toEqual(expect.arrayContaining(before));
    const keysOf = (lines: readonly string[]) => lines.map((line) => line.split(" ")[0]).toSorted();
    expect(keysOf(after)).toEqual(keysOf(await straight(edited)));
  });

  it("starts over where the file was changed, and says so", async () => {
    const programme = importing.fresh();
    const file = await importing.write("changed.csv", fileOf(ROWS));
    await importing.run({ file, programme, onErr: interrupting });
    await writeFile(file, fileOf(ROWS.toReversed()));
    const { exitCode, err } = await importing.run({ file, programme });
    expect(exitCode).toBe(0);
    expect(err).toContain("The file has changed since");
    expect(await reportOf(file)).toMatchObject({ rows: 40, rowsNow: 40, rejected: { no_member: 4 } });
  });

  it("starts over with another mapping or another programme", async () => {
    const file = await importing.write("elsewhere.csv", fileOf(ROWS));
    await importing.run({ file, programme: importing.fresh(), onErr: interrupting });
    const { err } = await importing.run({ file, programme: importing.fresh() });
    expect(err).not.toContain("Going on");
    expect(await reportOf(file)).toMatchObject({ rowsNow: 40, replayed: 0 });
  });
});

describe("when the connection to the API is cut", () => {
  it("the import goes on by itself, and nothing is done twice", async () => {
    await using proxy = await openTcpProxy(importing.service.url);
    const programme = importing.fresh();
    const file = await importing.write("cut.csv", fileOf(ROWS));
    const lose = proxy.loseNextReply();
    const outcome = await importing.run({ file, programme, url: proxy.url });
    await lose;
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(effects(await importing.events(programme))).toEqual(await straight(ROWS));
  });

  it("for good, the import stops, and goes on when it is run again", async () => {
    const programme = importing.fresh();
    const file = await importing.write("gone.csv", fileOf(ROWS));
    {
      await using proxy = await openTcpProxy(importing.service.url);
      let closing: Promise<void> | undefined;
      const onErr = (text: string) => {
        if (text.includes("rows/s")) closing ??= proxy.close();
      };
      const outcome = await importing.run({ file, programme, url: proxy.url, onErr, deadlineMs: 200 });
      expect(outcome).toMatchObject({ exitCode: 3, err: expect.stringContaining("unreachable") });
      await closing;
    }
    const { exitCode, err } = await importing.run({ file, programme });
    expect({ exitCode, err }).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("Going on after row"),
    });
    expect(effects(await importing.events(programme))).toEqual(await straight(ROWS));
  });
});
