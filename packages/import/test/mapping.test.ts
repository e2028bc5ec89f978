import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mappingSchema, readMapping } from "../src/mapping.ts";
import { UsageError } from "../src/usage-error.ts";
import { mappingOf } from "./support/mappings.ts";

const examples = join(import.meta.dirname, "../mappings");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "taem-mapping-"));
});

afterAll(() => rm(folder, { recursive: true }));

describe("a mapping", () => {
  it.each(readdirSync(examples))("%s is an example that can be used", async (name) => {
    expect((await readMapping(join(examples, name))).system).toMatch(/^[a-z-]+$/);
  });

  it.each([
    ["a field that it does not know", { colour: "red" }, "colour"],
    [
      "a column by position 0",
      { member: 0 },
      "member: must be a column's name in the header, or its position from 1",
    ],
    [
      "a zone that does not exist",
      { time: { column: "time", format: "yyyyMMdd", zone: "Mars/Base" } },
      "time zone",
    ],
    ["a format that reads no date", { time: { column: "time", format: "HH:mm" } }, "the year is missing"],
    [
      "a name as column where there is no header",
      { file: { format: "whitespace", header: false } },
      "by their position",
    ],
    [
      "an expiry without opening balances",
      { expiry: { column: 1, format: "yyyyMMdd", means: "end" } },
      "only opening balances",
    ],
    [
      "opening balances without expiry",
      { kind: { by: "constant", kind: "opening_balance" }, spend: undefined },
      "expiry: an opening balance needs it",
    ],
    ["opening balances by spend", { kind: { by: "constant", kind: "opening_balance" } }, "leave spend out"],
    [
      "zero points",
      { spend: undefined, amount: { column: "amount", decimals: 0, zero: "take" } },
      "points cannot",
    ],
    [
      "a decimal point that groups too",
      { amount: { column: "amount", decimals: 2, grouping: "." } },
      "is the decimal point too",
    ],
    [
      "further lines of an order without keys",
      { amount: { column: "amount", decimals: 2, empty: "same_key" } },
      "need key columns",
    ],
    ["a mark that is a digit", { amount: { column: "amount", decimals: 2, marks: ["1"] } }, "must be a mark"],
    ["a condition without values", { only: [{ column: "status", values: [] }] }, "only.0.values"],
    ["a column list of one", { time: { column: ["time"], format: "yyyyMMdd" } }, "time"],
    ["an era that it does not know", { time: { column: "time", format: "yyyyMMdd", era: "thai" } }, "time"],
    ["a long system and no keys", { system: "s".repeat(28) }, "at most 27 characters"],
    ["an encoding that does not exist", { file: { format: "delimited", encoding: "utf-7" } }, "encoding"],
  ])("with %s is refused, saying so", (_, change, fault) => {
    const parsed = mappingSchema.safeParse({ ...mappingOf(), ...change });
    expect(parsed.success).toBe(false);
    const said = parsed.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
    expect(said).toContain(fault);
  });

  it("is refused with every fault at once", async () => {
    const path = join(folder, "wrong.json");
    await writeFile(path, JSON.stringify({ ...mappingOf(), points: "point", member: "" }));
    await expect(readMapping(path)).rejects.toThrow("points: must be a currency code");
    await expect(readMapping(path)).rejects.toThrow("member: must be a column");
    await expect(readMapping(path)).rejects.toMatchObject({ code: "mapping_invalid" });
  });

  it("may begin with a byte order mark", async () => {
    const path = join(folder, "bom.json");
    await writeFile(path, `\ufeff${JSON.stringify(mappingOf())}`);
    expect(await readMapping(path)).toMatchObject({ system: "shop" });
  });

  it("that is not there, or no JSON, is a usage error", async () => {
    await expect(readMapping(join(folder, "none.json"))).rejects.toBeInstanceOf(UsageError);
    const path = join(folder, "cut.json");
    await writeFile(path, '{"system": ');
    await expect(readMapping(path)).rejects.toMatchObject({ code: "mapping_invalid" });
  });
});
