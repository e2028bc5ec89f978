import type { Field, Fields } from "../field.ts";
import { AMOUNT, type AvroField, type AvroRecord, type AvroSchema, NAMESPACE } from "./schema.ts";

/**
 * The Avro schema of an event, from its description. Every whole number is a long: on the wire it takes no more bytes
 * than an int of its size, and no counter ever meets the end of 32 bits.
 */
export function eventSchema(type: string, version: number, fields: Fields): AvroRecord {
  return {
    type: "record",
    name: type,
    namespace: NAMESPACE,
    doc: `Version ${version}. Amounts are in minor units of their currency.`,
    fields: fieldsOf(fields, type, new Map()),
  };
}

/** `path` names what has no name of its own; `defined` are the records that the schema has so far. */
function schemaOf(field: Field<unknown>, path: string, defined: Map<string, Fields>): AvroSchema {
  switch (field.kind) {
    case "text":
      return "string";
    case "amount":
      return { type: "long", logicalType: AMOUNT };
    case "instant":
      return { type: "long", logicalType: "timestamp-millis" };
    case "integer":
      return "long";
    case "flag":
      return "boolean";
    case "choice":
      return { type: "enum", name: path, symbols: field.values };
    case "list":
      return { type: "array", items: schemaOf(field.of, path, defined) };
    case "optional":
      return ["null", schemaOf(field.of, path, defined)];
    case "record":
      return recordOf(field.name ?? path, field.fields, defined);
  }
}

function recordOf(name: string, fields: Fields, defined: Map<string, Fields>): AvroSchema {
  const known = defined.get(name);
  if (known === fields) return name;
  if (known !== undefined)
    throw new Error(`two records of one event are named ${name}: give one another name`);
  defined.set(name, fields);
  return { type: "record", name, fields: fieldsOf(fields, name, defined) };
}

function fieldsOf(fields: Fields, path: string, defined: Map<string, Fields>): AvroField[] {
  return Object.entries(fields).map(([name, field]) => {
    const type = schemaOf(field, path + name.charAt(0).toUpperCase() + name.slice(1), defined);
    return field.kind === "optional" ? { name, type, default: null } : { name, type };
  });
}
