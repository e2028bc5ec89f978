import { amount, choice, type Fields, instant, integer, list, optional, record, text } from "@taem/schema";
import {
  type AvroRecord,
  canonicalForm,
  driftOf,
  eventSchema,
  fileText,
  fingerprint,
  singleObjectCodec,
} from "@taem/schema/avro";
import { describe, expect, test } from "vitest";
import { eventTypes, fieldsOf, versions } from "./support/described.ts";
import { schemaFolders, textsIn } from "./support/homes.ts";

const schemaFiles = new Map(schemaFolders.flatMap(({ files }) => [...files]));
const published = new Map(schemaFolders.flatMap(({ folder }) => [...textsIn(folder)]));

describe("published schemas", () => {
  test("are those of the descriptions, for every version of every event, and for the envelope", () => {
    const { unwritten, broken } = driftOf(schemaFiles, published);
    expect(broken).toEqual([]);
    expect(unwritten, "run `npm run schemas` and commit the files").toEqual([]);
    const named = versions.map(({ type, version }) => `${type}.v${version}.avsc`);
    expect([...published.keys()].sort()).toEqual([...named, "Envelope.v1.avsc"].sort());
  });

  test.each([...published])("%s is valid Avro, with a canonical form that is", (_, schema) => {
    expect(() => singleObjectCodec(JSON.parse(schema))).not.toThrow();
    const canonical = canonicalForm(JSON.parse(schema));
    expect(canonicalForm(JSON.parse(canonical))).toBe(canonical);
  });

  test("are told apart by their fingerprints", () => {
    const fingerprints = [...schemaFiles.values()].map(fingerprint);
    expect(new Set(fingerprints).size).toBe(published.size);
  });
});

describe("a change of a published version is found:", () => {
  const before: Fields = {
    programme: text,
    lot: record({ no: integer, amount, vintage: text }),
    takes: list(record({ lot: integer, amount })),
    policy: choice("strict", "kind"),
    at: instant,
    until: optional(instant),
  };
  const { programme: _, ...withoutProgramme } = before;
  const { until: __, ...withoutUntil } = before;
  const file = new Map([["Thing.v1.avsc", fileText(eventSchema("Thing", 1, before))]]);
  const changed = (fields: Fields) =>
    driftOf(new Map([["Thing.v1.avsc", eventSchema("Thing", 1, fields)]]), file);

  test.each<[string, Fields, string]>([
    ["a field that is gone", withoutProgramme, ".programme is gone"],
    ["an optional field that is gone", withoutUntil, ".until is gone"],
    ["a new required field", { ...before, more: text }, ".more is new"],
    ["a new optional field", { ...before, more: optional(text) }, ".more is new"],
    ["a field of another name", { ...withoutUntil, til: optional(instant) }, ".until is gone; .til is new"],
    ["a field of another type", { ...before, at: text }, ".at was"],
    [
      "an amount that is a number",
      { ...before, lot: record({ no: integer, amount: integer, vintage: text }) },
      ".lot.amount was",
    ],
    ["an instant that is a count", { ...before, at: integer }, ".at was"],
    ["an optional field that is required", { ...before, until: instant }, ".until was"],
    ["a required field that is optional", { ...before, programme: optional(text) }, ".programme was"],
    [
      "fields in another order",
      { at: instant, ...before },
      "it has its fields in another order: at, programme, lot",
    ],
    [
      "inner fields in another order",
      { ...before, lot: record({ amount, no: integer, vintage: text }) },
      ".lot has its fields in another order",
    ],
    [
      "a field of a list's items",
      { ...before, takes: list(record({ lot: integer })) },
      ".takes[].amount is gone",
    ],
    ["a list that is one thing", { ...before, takes: record({ lot: integer, amount }) }, ".takes was"],
    ["a choice more", { ...before, policy: choice("strict", "kind", "odd") }, ".policy was"],
    ["a choice less", { ...before, policy: choice("strict") }, ".policy was"],
    ["choices in another order", { ...before, policy: choice("kind", "strict") }, ".policy was"],
  ])("%s", (_, fields, change) => {
    const { broken } = changed(fields);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain("Thing.v1.avsc is published and frozen: ");
    expect(broken[0]).toContain(change);
    expect(broken[0]).toContain("an upcaster to a new version");
  });

  test("another name or namespace of the whole", () => {
    const schema = eventSchema("Thing", 1, before);
    for (const other of [
      { ...schema, name: "Other" },
      { ...schema, namespace: "other" },
    ]) {
      expect(driftOf(new Map([["Thing.v1.avsc", other]]), file).broken).toHaveLength(1);
    }
  });

  test("a version that nothing describes any more", () => {
    expect(driftOf(new Map(), file).broken).toEqual([
      expect.stringContaining("Thing.v1.avsc is published, and"),
    ]);
  });

  test("but not what only documents it, nor a version to be published", () => {
    const documented: AvroRecord = { ...eventSchema("Thing", 1, before), doc: "In other words." };
    const next = eventSchema("Thing", 2, before);
    const described = new Map([
      ["Thing.v1.avsc", documented],
      ["Thing.v2.avsc", next],
    ]);
    expect(driftOf(described, file)).toEqual({ broken: [], unwritten: ["Thing.v1.avsc", "Thing.v2.avsc"] });
    expect(changed(before)).toEqual({ broken: [], unwritten: [] });
  });

  test("and this holds for every event there is, whichever of its fields is dropped", () => {
    const kept = eventTypes
      .map((type) => [type, fieldsOf(type)] as const)
      .flatMap(([type, fields]) =>
        Object.keys(fields).filter((name) => {
          const rest = Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
          const version = versions.filter((known) => known.type === type).length;
          const name_ = `${type}.v${version}.avsc`;
          const described = new Map([...schemaFiles, [name_, eventSchema(type, version, rest)]]);
          return driftOf(described, published).broken.length !== 1;
        }),
      );
    expect(kept).toEqual([]);
  });
});

test("two different records of one event cannot have one name", () => {
  const part = (fields: Fields) => ({ kind: "record", name: "Part", fields }) as const;
  const both = { a: part({ x: integer }), b: part({ y: integer }) };
  expect(() => eventSchema("Thing", 1, both)).toThrow("two records of one event are named Part");
});
