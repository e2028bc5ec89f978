import { expect, test } from "vitest";
import { canonicalForm, fingerprint } from "../src/avro/canonical-form.ts";
import type { AvroSchema } from "../src/avro/schema.ts";
import { vectors } from "./support/avro-vectors.ts";

test.each(vectors)("the published vector %j", (schema, canonical, expected) => {
  expect(canonicalForm(schema)).toBe(canonical);
  expect(BigInt.asIntN(64, fingerprint(schema))).toBe(expected);
});

test.each<[string, AvroSchema, string]>([
  [
    "a name within a namespace is written in full wherever it stands",
    {
      type: "record",
      name: "x.Outer",
      fields: [
        { name: "a", type: { type: "enum", name: "Inner", symbols: ["A"] } },
        { name: "b", type: { type: "array", items: "Inner" } },
        { name: "c", type: { type: "map", values: { type: "fixed", name: "F", namespace: "y", size: 2 } } },
        { name: "d", type: ["null", { type: "long", logicalType: "timestamp-millis" }, "y.F"] },
      ],
    },
    '{"name":"x.Outer","type":"record","fields":[{"name":"a","type":{"name":"x.Inner","type":"enum","symbols":["A"]}},' +
      '{"name":"b","type":{"type":"array","items":"x.Inner"}},' +
      '{"name":"c","type":{"type":"map","values":{"name":"y.F","type":"fixed","size":2}}},' +
      '{"name":"d","type":["null","long","y.F"]}]}',
  ],
  [
    "a schema within a schema is that schema",
    { type: { type: "array", items: { type: "int" } } },
    '{"type":"array","items":"int"}',
  ],
])("%s", (_, schema, canonical) => {
  expect(canonicalForm(schema)).toBe(canonical);
});
