import type { EventTypes } from "../event-types.ts";
import { envelopeSchema } from "./envelope.ts";
import { eventSchemas } from "./payload.ts";
import type { AvroRecord, AvroSchema, AvroType } from "./schema.ts";

/**
 * The schemas as they are published: files that others read our messages by, `<name>.v<version>.avsc`. A published
 * schema is frozen; whatever is to change needs a new version.
 */

export type SchemaFiles = ReadonlyMap<string, AvroRecord>;

/** The schemas of event types as the program has them, by the name of their file. */
export function schemaFiles(events: EventTypes): SchemaFiles {
  return new Map(
    eventSchemas(events).map(({ type, version, schema }) => [`${type}.v${version}.avsc`, schema] as const),
  );
}

/** That of what surrounds events. */
export const envelopeFiles: SchemaFiles = new Map([["Envelope.v1.avsc", envelopeSchema]]);

export function fileText(schema: AvroRecord): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

export interface Drift {
  /** Files that are not there yet, or say the same in other words: they are to be written. */
  readonly unwritten: readonly string[];
  /** What was published otherwise, in words that say what to do. */
  readonly broken: readonly string[];
}

/** How the schemas of the program differ from the files that are published. */
export function driftOf(described: SchemaFiles, published: ReadonlyMap<string, string>): Drift {
  const unwritten: string[] = [];
  const broken: string[] = [];
  for (const [file, schema] of described) {
    const text = published.get(file);
    const changes = text === undefined ? [] : changesOf(JSON.parse(text) as AvroSchema, schema);
    if (changes.length > 0) broken.push(`${file} is published and frozen: ${changes.join("; ")}. ${REMEDY}`);
    else if (text !== fileText(schema)) unwritten.push(file);
  }
  for (const file of published.keys()) {
    if (!described.has(file))
      broken.push(`${file} is published, and no version of an event any more. ${REMEDY}`);
  }
  return { unwritten, broken };
}

const REMEDY =
  "Leave the version as it was: in the context's event-history.ts describe it as it was published, with an upcaster to a new version, " +
  "and change that one";

/** What a reader by the first schema would notice of the second. */
function changesOf(before: AvroSchema, after: AvroSchema): string[] {
  const [was, is] = [withoutDocs(before), withoutDocs(after)];
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  const found = compare(was, is, "");
  return found.length > 0 ? found : ["more than its fields has changed"];
}

function withoutDocs(schema: AvroSchema): AvroSchema {
  const text = JSON.stringify(schema, (key, value: unknown) => (key === "doc" ? undefined : value));
  return JSON.parse(text) as AvroSchema;
}

function compare(was: AvroSchema, is: AvroSchema, path: string): string[] {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  if (isList(was) && isList(is) && was.length === is.length) {
    return was.flatMap((branch, i) => compare(branch, is[i] as AvroSchema, path));
  }
  if (isType(was) && isType(is) && was.name === is.name) {
    if (was.items !== undefined && is.items !== undefined) return compare(was.items, is.items, `${path}[]`);
    if (was.fields !== undefined && is.fields !== undefined) return compareFields(was, is, path);
  }
  return [`${path} was ${nameOf(was)}, is ${nameOf(is)}`];
}

function compareFields(was: AvroType, is: AvroType, path: string): string[] {
  const [before, after] = [fieldsOf(was), fieldsOf(is)];
  const names = [...after.keys()];
  const gone = [...before.keys()].filter((name) => !after.has(name)).map((name) => `${path}.${name} is gone`);
  const fresh = names.filter((name) => !before.has(name)).map((name) => `${path}.${name} is new`);
  const changed = [...before].flatMap(([name, type]) => {
    const now = after.get(name);
    return now === undefined ? [] : compare(type, now, `${path}.${name}`);
  });
  const found = [...gone, ...fresh, ...changed];
  if (found.length > 0 || [...before.keys()].join() === names.join()) return found;
  return [`${path || "it"} has its fields in another order: ${names.join(", ")}`];
}

function fieldsOf({ fields = [] }: AvroType): Map<string, AvroSchema> {
  return new Map(fields.map(({ name, type }) => [name, type]));
}

function nameOf(schema: AvroSchema): string {
  return isType(schema) && schema.fields !== undefined ? String(schema.name) : JSON.stringify(schema);
}

function isList(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}

function isType(schema: AvroSchema): schema is AvroType {
  return typeof schema === "object" && !isList(schema);
}
