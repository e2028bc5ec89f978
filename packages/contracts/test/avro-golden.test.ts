import { describe, expect, test } from "vitest";
import { decodePayload, encodePayload } from "../src/avro/index.ts";
import { schemaFiles } from "../src/avro/published.ts";
import type { AvroRecord } from "../src/avro/schema.ts";
import { singleObjectCodec } from "../src/avro/single-object.ts";
import {
  codecOf,
  currentVersion,
  decodeEvent,
  descriptionOf,
  type Field,
  type Fields,
} from "../src/index.ts";
import { record } from "../src/schema.ts";
import { metaOf } from "./support/described.ts";
import { goldenFiles } from "./support/golden-files.ts";

/** Every golden event as JSON has its bytes on the wire, in hexadecimal. */
const wire = new Map(goldenFiles("golden-avro", "hex").map(({ file, text }) => [file, text.trim()]));
const files = goldenFiles("golden", "json").map((golden) => ({
  ...golden,
  hex: wire.get(golden.file.replace(/json$/, "hex")) ?? "",
}));

describe.each(files)("$file", ({ type, version, text, hex }) => {
  const event = () => decodeEvent({ type, data: text, meta: metaOf(version) });

  test("is still read from the wire, as the event that it is in JSON", () => {
    expect(decodePayload(type, Buffer.from(hex, "hex"))).toStrictEqual(event());
  });

  test("is still written with the same bytes", () => {
    const body = codecOf(record(descriptionOf(type, version) as Fields) as Field<object>, type).decode(text);
    const schema = schemaFiles.get(`${type}.v${version}.avsc`) as AvroRecord;
    expect(singleObjectCodec<object>(schema).encode(body).toString("hex")).toBe(hex);
    if (version === currentVersion(type)) expect(encodePayload(event()).toString("hex")).toBe(hex);
  });
});

test("no bytes are left without their JSON", () => {
  expect(files.filter(({ hex }) => hex !== "")).toHaveLength(wire.size);
});
