import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  amount,
  ContractViolation,
  choice,
  codecOf,
  type Field,
  flag,
  instant,
  integer,
  list,
  optional,
  record,
  text,
} from "@taem/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyOf, eventTypes, fieldsOf } from "./support/described.ts";

const shared = process.env["TAEM_SHARED"] ?? join(import.meta.dirname, "../../../../shared");
const vectorsFile = join(shared, "data/rfc8785_jcs_vectors.json");

interface Vectors {
  readonly vectors: readonly {
    readonly name: string;
    readonly input_b64: string;
    readonly canonical_b64: string;
  }[];
}

/**
 * The vectors of RFC 8785 that our descriptions can express. `arrays` mixes types in one list and holds a null,
 * `values` holds fractions and nulls: no contract of ours has any of these.
 */
const described: Readonly<Record<string, Field<unknown>>> = {
  french: record({ peach: text, péché: text, pêche: text, sin: text }),
  structures: record({
    "1": record({ f: record({ f: text, F: integer }), "\n": integer }),
    "10": record({}),
    "": text,
    a: record({}),
    "111": list(record({ e: text, E: text })),
    A: record({}),
  }),
  unicode: record({ "Unnormalized Unicode": text }),
  weird: record({
    "\u20ac": text,
    "\r": text,
    "\n": text,
    "1": text,
    "\u0080": text,
    "\ud83d\ude02": text,
    "\u00f6": text,
    "\ufb33": text,
    "</script>": text,
  }),
};

const utf8 = (base64: string) => Buffer.from(base64, "base64").toString("utf8");

describe("canonical JSON is that of RFC 8785", () => {
  test("for every published vector that our descriptions can express", ({ skip }) => {
    if (!existsSync(vectorsFile)) skip(`the vectors are not there: ${vectorsFile}`);
    const { vectors } = JSON.parse(readFileSync(vectorsFile, "utf8")) as Vectors;
    for (const { name, input_b64, canonical_b64 } of vectors) {
      const field = described[name];
      if (field === undefined) continue;
      const codec = codecOf(field, name);
      expect(codec.encode(codec.decode(utf8(input_b64))), name).toBe(utf8(canonical_b64));
    }
    const names = vectors.map((vector) => vector.name);
    expect(names.filter((name) => !(name in described))).toEqual(["arrays", "values"]);
  });

  test("for any value of any event: keys in UTF-16 order, no white space, amounts as text", () => {
    const anything = fc.constantFrom(...eventTypes).chain((type) => {
      const field = record(fieldsOf(type));
      return anyOf(field).map((value) => ({ field, value, type }));
    });
    fc.assert(
      fc.property(anything, ({ field, value, type }) => {
        expect(codecOf(field as Field<unknown>, type).encode(value)).toBe(naive(value));
      }),
      { numRuns: 500, interruptAfterTimeLimit: 4_000 },
    );
  });

  test("whatever the order in which a value's members were set", () => {
    const codec = codecOf(record({ b: integer, a: integer, C: integer }), "x");
    expect(codec.encode({ a: 1, b: 2, C: 3 })).toBe('{"C":3,"a":1,"b":2}');
    expect(codec.encode({ C: 3, b: 2, a: 1 })).toBe('{"C":3,"a":1,"b":2}');
  });

  test("with keys ordered by UTF-16 code units, not by code points", () => {
    const codec = codecOf(record({ "\ufb33": integer, "\ud83d\ude02": integer }), "x");
    expect(codec.encode({ "\ufb33": 1, "\ud83d\ude02": 2 })).toBe('{"\ud83d\ude02":2,"\ufb33":1}');
  });

  test("with minus zero as zero", () => {
    expect(codecOf(record({ n: integer }), "x").encode({ n: -0 })).toBe('{"n":0}');
  });
});

/** RFC 8785 said in one breath. */
function naive(value: unknown): string {
  if (typeof value === "bigint") return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map(naive).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${naive(member)}`).join(",")}}`;
}

describe("a codec", () => {
  const codec = codecOf(
    record({ a: amount, t: optional(text), l: list(instant), c: choice("x", "y"), f: flag }),
    "thing",
  );
  const good = '{"a":"1","c":"x","f":true,"l":[1,2]}';

  test("leaves out what is absent, and reads it back as absent", () => {
    const value = { a: 1n, l: [1, 2], c: "x", f: true } as const;
    expect(codec.encode(value)).toBe(good);
    expect(codec.decode(good)).toEqual(value);
    expect(codec.decode(good)).not.toHaveProperty("t");
  });

  test.each([
    ["not JSON", '{"a":'],
    ["nothing", ""],
    ["a text", '"x"'],
    ["null", "null"],
    ["a list", "[]"],
    ["a number beyond what is exact", good.replace("[1,2]", "[9007199254740993]")],
    ["a fraction", good.replace("[1,2]", "[1.5]")],
    ["an amount as a number", good.replace('"1"', "1")],
    ["null for an optional field", good.replace("{", '{"t":null,')],
    ["half a surrogate pair", good.replace("{", '{"t":"\\ud800",')],
    ["the other half, in capitals", good.replace("{", '{"t":"a\\\\\\uDC00",')],
  ])("refuses %s", (_, json) => {
    expect(() => codec.decode(json)).toThrow(ContractViolation);
  });

  test("reads a surrogate pair, and a text that only looks like half of one", () => {
    const value = { t: "\\ud800 😂", a: 1n, l: [1, 2], c: "x", f: true } as const;
    expect(codec.decode(codec.encode(value))).toEqual(value);
    expect(codec.decode(good.replace("{", '{"t":"\\uD83D\\uDE02",'))).toMatchObject({ t: "😂" });
  });

  test.each([
    ["half a surrogate pair", { t: "a\ud800b" }],
    ["an amount beyond 64 bits", { a: 2n ** 63n }],
    ["a number beyond 52 bits", { l: [2 ** 52] }],
    ["a fraction", { l: [0.5] }],
  ])("does not write %s", (_, wrong) => {
    const value = { a: 1n, l: [1, 2], c: "x", f: true, ...wrong } as const;
    expect(() => codec.encode(value)).toThrow(ContractViolation);
  });

  test("says where a value fails and what was expected there", () => {
    expect(() => codec.decode(good.replace('"1"', '"01"'))).toThrow(
      "a: expected an amount as a decimal string",
    );
    expect(() => codec.decode(good.replace('"c":"x",', ""))).toThrow("thing.c: expected a value");
    expect(() => codec.decode(good.replace('"x"', '"z"'))).toThrow("c: expected one of x, y");
  });
});
