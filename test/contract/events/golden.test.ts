import { record } from "@taem/schema";
import { describe, expect, test } from "vitest";
import { events, metaOf, optionalPaths, pathsOf, stored, versions } from "./support/described.ts";
import { type GoldenFile, goldenFiles } from "./support/golden-files.ts";

const files = goldenFiles("json");

const read = ({ type, version, text }: GoldenFile) =>
  events.decode({ type, data: text, meta: metaOf(version) });

const isCurrent = ({ type, version }: GoldenFile) => version === events.currentVersion(type);

test.each(files.filter(isCurrent))("$file is still read, and still written with the same bytes", (golden) => {
  expect(events.encode(read(golden))).toBe(golden.text);
});

test.each(files.filter((file) => !isCurrent(file)))(
  "$file is still read, as of the current version",
  (golden) => {
    const event = read(golden);
    expect(events.decode(stored(golden.type, events.encode(event)))).toEqual(event);
  },
);

test("a source declared before it was recorded how says so", () => {
  const golden = files.find(({ type, version }) => type === "SourceDeclared" && version === 1);
  const event = read(golden as GoldenFile);
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
      .map(({ text }) => new Set(pathsOf(JSON.parse(text))));
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
