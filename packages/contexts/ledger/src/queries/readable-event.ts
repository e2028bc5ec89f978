import { fields } from "@taem/http";
import type { Field, Fields } from "@taem/schema";
import { accountEvents } from "../events.ts";

type Json = unknown;

/**
 * An event's data, in the version in which it was recorded, as a person reads it: amounts stay decimal strings,
 * instants become RFC 3339. Driven by the description of that version, so that a new event needs nothing here.
 */
export function readableData(type: string, version: number, data: string): Record<string, Json> {
  const description = accountEvents.fieldsOf(type, version);
  const parsed = JSON.parse(data) as Record<string, Json>;
  return description === undefined ? parsed : readableRecord(description, parsed);
}

function readable(field: Field<unknown>, value: Json): Json {
  switch (field.kind) {
    case "instant":
      return fields.formatInstant(value as number);
    case "list":
      return (value as Json[]).map((item) => readable(field.of, item));
    case "optional":
      return readable(field.of, value);
    case "record":
      return readableRecord(field.fields, value as Record<string, Json>);
    default:
      return value;
  }
}

function readableRecord(described: Fields, value: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const field = described[name];
      return [name, field === undefined ? member : readable(field, member)];
    }),
  );
}
