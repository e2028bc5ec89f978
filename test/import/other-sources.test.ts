import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { effects, type Importing, interrupting, openImporting, reportOf } from "./support/importing.ts";

let importing: Importing;

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

/** A row a day, so that every row is a chunk. */
const CSV = [
  "member,time,amount",
  ...Array.from(
    { length: 20 },
    (_, i) => `m${i % 3},2026-01-${String(i + 1).padStart(2, "0")} 10:00,${i + 1}.00`,
  ),
  "",
].join("\n");

async function straight(): Promise<string[]> {
  const programme = importing.fresh();
  const file = await importing.write("straight.csv", CSV);
  expect(await importing.run({ file, programme })).toMatchObject({ exitCode: 0 });
  return effects(await importing.events(programme));
}

describe("an interrupted import", () => {
  it("of standard input goes on when it is given the same again", async () => {
    const programme = importing.fresh();
    const state = join(importing.folder, "piped");
    const options = { file: "-", input: CSV, programme, state };
    expect(await importing.run({ ...options, onErr: interrupting })).toMatchObject({ exitCode: 130 });
    const { exitCode, err, out } = await importing.run(options);
    expect({ exitCode, err, out }).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("Going on after row"),
      out: expect.stringContaining("Import of standard input"),
    });
    expect(await reportOf(join(state, "stdin"))).toMatchObject({
      lines: 21,
      taken: { earn: 20 },
      replayed: 0,
    });
    expect(effects(await importing.events(programme))).toEqual(await straight());
    expect(await readdir(join(state, "stdin.import"))).toEqual(["rejects.csv", "report.json", "report.txt"]);
  });

  it("of a packed file goes on, also when it was packed anew", async () => {
    const programme = importing.fresh();
    const file = await importing.write("packed.csv.gz", gzipSync(CSV, { level: 1 }));
    expect(await importing.run({ file, programme, onErr: interrupting })).toMatchObject({ exitCode: 130 });
    await importing.write("packed.csv.gz", gzipSync(CSV, { level: 9 }));
    const { exitCode, err } = await importing.run({ file, programme });
    expect({ exitCode, err }).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("Going on after row"),
    });
    expect(effects(await importing.events(programme))).toEqual(await straight());
  });
});

describe("the API's address", () => {
  it.each(["/v1", "/v1/", "/", ""])("may end in %j", async (end) => {
    const file = await importing.write("address.csv", CSV);
    const url = importing.service.url.replace(/\/$/, "") + end;
    expect(await importing.run({ file, url, programme: importing.fresh() })).toMatchObject({ exitCode: 0 });
  });
});
