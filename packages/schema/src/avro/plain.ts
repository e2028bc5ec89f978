import type { AvroSchema } from "./schema.ts";

type Plain = (value: unknown) => unknown;

const same: Plain = (value) => value;

/** Makes plain values of what avsc reads by a schema of ours: what is absent is absent, and not null. */
export function plainOf(schema: AvroSchema, defined = new Map<string, Plain>()): Plain {
  if (typeof schema === "string") return defined.get(schema) ?? same;
  if (!("type" in schema)) {
    // A union of ours is an optional value; null is left out by the record around it.
    return plainOf(schema.at(-1) as AvroSchema, defined);
  }
  if (schema.type === "array") {
    const item = plainOf(schema.items as AvroSchema, defined);
    return item === same ? same : (value) => (value as unknown[]).map(item);
  }
  if (schema.type !== "record") return same;
  const members = (schema.fields ?? []).map(({ name, type }) => ({ name, plain: plainOf(type, defined) }));
  const plain: Plain = (value) => {
    const read = value as Record<string, unknown>;
    const made: Record<string, unknown> = {};
    for (const member of members) {
      const found = read[member.name];
      if (found !== null) made[member.name] = member.plain(found);
    }
    return made;
  };
  defined.set(schema.name as string, plain);
  return plain;
}
