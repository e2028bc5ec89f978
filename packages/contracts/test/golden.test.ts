import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeEvent, encodeEvent } from "../src/index.ts";
import { record } from "../src/schema.ts";
import {
  currentVersion,
  eventTypes,
  metaOf,
  optionalPaths,
  pathsOf,
  stored,
  versions,
} from "./support/described.ts";

/**
 * Events as they were once written, `<event-type>.<what>.json` in version 1, `<event-type>.v<version>.<what>.json` in
 * later ones. They stay in stores for ever: a file here is added to, never changed.
 */
const folder = join(import.meta.dirname, "golden");

const typeOf = new Map(eventTypes.map((type) => [type.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase(), type]));

const files = readdirSync(folder).map((file) => {
  const [, kebab = "", version = "1"] = /^([a-z-]+)(?:\.v([0-9]+))?\.[a-z]+\.json$/.exec(file) ?? [];
  const type = typeOf.get(kebab);
  if (type === undefined) throw new Error(`${file} is not named like the event of a type`);
  return { file, type, version: Number(version), data: readFileSync(join(folder, file), "utf8") };
});

const read = ({ type, version, data }: (typeof files)[number]) =>
  decodeEvent({ type, data, meta: metaOf(version) });

const isCurrent = ({ type, version }: (typeof files)[number]) => version === currentVersion(type);

test.each(files.filter(isCurrent))("$file is still read, and still written with the same bytes", (golden) => {
  expect(encodeEvent(read(golden))).toBe(golden.data);
});

test.each(files.filter((file) => !isCurrent(file)))(
  "$file is still read, as of the current version",
  (golden) => {
    const event = read(golden);
    expect(decodeEvent(stored(golden.type, encodeEvent(event)))).toEqual(event);
  },
);

test("a source declared before it was recorded how says so", () => {
  const golden = files.find(({ type, version }) => type === "SourceDeclared" && version === 1);
  const event = read(golden as (typeof files)[number]);
  expect(event).toEqual({
    type: "SourceDeclared",
    programme: "programme 1",
    system: "system 2",
    scope: "account",
    declaredBy: "not_recorded",
  });
});

describe.each(versions)("$type version $version", ({ type, version, fields }) => {
  test("has golden bytes with and without everything optional", () => {
    const golden = files
      .filter((file) => file.type === type && file.version === version)
      .map(({ data }) => new Set(pathsOf(JSON.parse(data))));
    expect(golden.length).toBeGreaterThan(0);
    for (const path of optionalPaths(record(fields))) {
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
