import { codecOf, type Field, type Fields, record } from "@taem/schema";
import { type AvroRecord, PayloadCodec, schemaFiles, singleObjectCodec } from "@taem/schema/avro";
import { describe, expect, test } from "vitest";
import { events, metaOf } from "./support/described.ts";
import { goldenFiles } from "./support/golden-files.ts";

const payloads = new PayloadCodec(events);
const schemas = schemaFiles(events);

/** Every golden event as JSON has its bytes on the wire, in hexadecimal. */
const wire = new Map(goldenFiles("hex").map(({ file, text }) => [file, text.trim()]));
const files = goldenFiles("json").map((golden) => ({
  ...golden,
  hex: wire.get(golden.file.replace(/json$/, "hex")) ?? "",
}));

describe.each(files)("$file", ({ type, version, text, hex }) => {
  const event = () => events.decode({ type, data: text, meta: metaOf(version) });

  test("is still read from the wire, as the event that it is in JSON", () => {
    expect(payloads.decode(type, Buffer.from(hex, "hex"))).toStrictEqual(event());
  });

  test("is still written with the same bytes", () => {
    const body = codecOf(record(events.fieldsOf(type, version) as Fields) as Field<object>, type).decode(
      text,
    );
    const schema = schemas.get(`${type}.v${version}.avsc`) as AvroRecord;
    expect(singleObjectCodec<object>(schema).encode(body).toString("hex")).toBe(hex);
    if (version === events.currentVersion(type)) expect(payloads.encode(event()).toString("hex")).toBe(hex);
  });
});

test("no bytes are left without their JSON", () => {
  expect(files.filter(({ hex }) => hex !== "")).toHaveLength(wire.size);
});
