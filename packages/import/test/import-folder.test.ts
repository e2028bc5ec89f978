import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ImportFolder, type ImportState } from "../src/import-folder.ts";
import { emptyTally } from "../src/tally.ts";

let parent: string;
let folder: ImportFolder;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "taem-folder-"));
  folder = new ImportFolder("/data/orders.csv", parent);
  await folder.create();
});

afterEach(() => rm(parent, { recursive: true }));

async function state(change: Partial<ImportState> = {}): Promise<ImportState> {
  await using rejects = await folder.openRejects(undefined);
  await rejects.add([{ line: 3, reason: "no_member", detail: "empty" }]);
  return {
    version: 2,
    target: "t",
    rows: 2_000,
    prefix: "ab",
    clock: 5,
    rejectsBytes: rejects.bytes,
    tally: { ...emptyTally(), rows: 2_000, credited: 2n ** 70n, rejected: { no_member: 1 } },
    ...change,
  };
}

describe("the folder of an import", () => {
  it("lies beside the file, or where it is told", () => {
    expect(new ImportFolder("/data/orders.csv", undefined).path).toBe("/data/orders.csv.import");
    expect(folder.path).toBe(join(parent, "orders.csv.import"));
  });

  it("that cannot be made is a usage error", async () => {
    await writeFile(join(parent, "file"), "");
    const inFile = new ImportFolder("orders.csv", join(parent, "file"));
    await expect(inFile.create()).rejects.toMatchObject({ code: "state_unusable" });
  });

  it("keeps a report for programs and one for people", async () => {
    await folder.writeReport({ rows: 5 }, "5 rows\n");
    expect(JSON.parse(await readFile(join(folder.path, "report.json"), "utf8"))).toEqual({ rows: 5 });
    expect(await readFile(join(folder.path, "report.txt"), "utf8")).toBe("5 rows\n");
  });
});

describe("the saved position", () => {
  it("comes back as it was written, and leaves nothing half written", async () => {
    const written = await state();
    await folder.writeState(written);
    expect(await folder.readState("t")).toEqual(written);
    expect(await readdir(folder.path)).toEqual(["rejects.csv", "state.json"]);
  });

  it("of another target says nothing", async () => {
    await folder.writeState(await state());
    expect(await folder.readState("other")).toBeUndefined();
  });

  it.each(["", "{", "null", "[]", '{"version":2}', '{"version":1,"target":"t"}'])(
    "that reads %j says nothing",
    async (text) => {
      await writeFile(join(folder.path, "state.json"), text);
      expect(await folder.readState("t")).toBeUndefined();
    },
  );

  it("says nothing if rejected rows that it counts are lost", async () => {
    await folder.writeState(await state());
    await truncate(folder.rejectsPath, 5);
    expect(await folder.readState("t")).toBeUndefined();
  });

  it("is gone when cleared, which may happen twice", async () => {
    await folder.writeState(await state());
    await folder.clearState();
    await folder.clearState();
    expect(await folder.readState("t")).toBeUndefined();
  });
});

describe("the file of rejected rows", () => {
  it("is CSV, whatever the details hold", async () => {
    await using rejects = await folder.openRejects(undefined);
    await rejects.add([
      { line: 3, reason: "no_member", detail: "column member is empty" },
      { line: 9, reason: "malformed_amount", detail: '"1,2" is not a number' },
    ]);
    expect(await readFile(folder.rejectsPath, "utf8")).toBe(
      'line,reason,detail\n3,no_member,"column member is empty"\n9,malformed_amount,"""1,2"" is not a number"\n',
    );
  });

  it("goes on from the saved position: what came after it is written again", async () => {
    const saved = await state();
    {
      await using rejects = await folder.openRejects(saved);
      await rejects.add([{ line: 9, reason: "zero_amount", detail: "after the position" }]);
    }
    {
      await using rejects = await folder.openRejects(saved);
      await rejects.add([{ line: 8, reason: "no_member", detail: "ü" }]);
    }
    expect((await readFile(folder.rejectsPath, "utf8")).split("\n")).toEqual([
      "line,reason,detail",
      '3,no_member,"empty"',
      '8,no_member,"ü"',
      "",
    ]);
  });
});
