import type { AvroSchema, AvroType } from "./schema.ts";

/**
 * Parsing Canonical Form and its 64-bit fingerprint CRC-64-AVRO, as the Avro specification defines them under "Parsing
 * Canonical Form for Schemas" and "Schema Fingerprints". Two schemas of one form are read and written alike.
 */

const PRIMITIVES = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);

export function canonicalForm(schema: AvroSchema): string {
  return canonical(schema, "");
}

/** `namespace` is that of the definition around the schema. */
function canonical(schema: AvroSchema, namespace: string): string {
  if (typeof schema === "string")
    return JSON.stringify(PRIMITIVES.has(schema) ? schema : full(schema, namespace));
  if (!("type" in schema)) return `[${schema.map((branch) => canonical(branch, namespace)).join(",")}]`;
  const { type } = schema;
  if (typeof type !== "string") return canonical(type, namespace);
  if (PRIMITIVES.has(type)) return JSON.stringify(type);
  return schema.name === undefined ? unnamed(schema, namespace) : definition(schema, schema.name, namespace);
}

function unnamed({ type, items, values }: AvroType, namespace: string): string {
  if (items !== undefined) return `{"type":"array","items":${canonical(items, namespace)}}`;
  if (values !== undefined) return `{"type":"map","values":${canonical(values, namespace)}}`;
  return canonical(type, namespace);
}

function definition(schema: AvroType, simple: string, around: string): string {
  const name = full(simple, schema.namespace ?? around);
  const namespace = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
  const parts = [`"name":${JSON.stringify(name)}`, `"type":${JSON.stringify(schema.type)}`];
  if (schema.fields !== undefined) {
    const fields = schema.fields.map(
      (field) => `{"name":${JSON.stringify(field.name)},"type":${canonical(field.type, namespace)}}`,
    );
    parts.push(`"fields":[${fields.join(",")}]`);
  }
  if (schema.symbols !== undefined) parts.push(`"symbols":${JSON.stringify(schema.symbols)}`);
  if (schema.size !== undefined) parts.push(`"size":${schema.size}`);
  return `{${parts.join(",")}}`;
}

function full(name: string, namespace: string): string {
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}

const EMPTY = 0xc15d213aa4d7a795n;

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let entry = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) entry = (entry >> 1n) ^ (entry & 1n ? EMPTY : 0n);
  return entry;
});

/** CRC-64-AVRO of a schema's canonical form, unsigned. */
export function fingerprint(schema: AvroSchema): bigint {
  let crc = EMPTY;
  for (const byte of Buffer.from(canonicalForm(schema))) {
    crc = (crc >> 8n) ^ (TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] as bigint);
  }
  return crc;
}
