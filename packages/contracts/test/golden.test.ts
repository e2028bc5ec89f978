import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeEvent, encodeEvent } from "../src/index.ts";
import { record } from "../src/schema.ts";
import { eventTypes, fieldsOf, optionalPaths, pathsOf } from "./support/described.ts";

/**
 * Events as they were once written, `<event-type>.<what>.json`. They stay in stores for ever: a file here is added
 * to, never changed. A new optional field wants a new file that has it.
 */
const folder = join(import.meta.dirname, "golden");

const typeOf = new Map(eventTypes.map((type) => [type.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase(), type]));

const files = readdirSync(folder).map((file) => {
  const [kebab = ""] = file.split(".");
  return { file, type: typeOf.get(kebab) ?? kebab, data: readFileSync(join(folder, file), "utf8") };
});

test.each(files)("$file is still read, and still written with the same bytes", ({ type, data }) => {
  expect(encodeEvent(decodeEvent(type, data))).toBe(data);
});

describe.each(eventTypes)("%s", (type) => {
  test("has golden bytes with and without everything optional", () => {
    const golden = files
      .filter((file) => file.type === type)
      .map(({ data }) => new Set(pathsOf(JSON.parse(data))));
    expect(golden.length).toBeGreaterThan(0);
    for (const path of optionalPaths(record(fieldsOf(type)))) {
      expect(
        golden.some((paths) => paths.has(path)),
        `${path} present`,
      ).toBe(true);
      expect(
        golden.some((paths) => !paths.has(path)),
        `${path} absent`,
      ).toBe(true);
    }
  });
});
