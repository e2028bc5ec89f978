import type { Route } from "@taem/http";
import { z } from "zod";

type JsonSchema = Readonly<Record<string, unknown>>;

export interface SampleRequest {
  readonly method: Route["method"];
  /** With the query that the route must have. */
  readonly path: string;
  /** JSON text, or one line for each kind of line that a bulk route takes; undefined where it takes none. */
  readonly body: string | undefined;
}

/**
 * A request that a route takes, made of its schemas' own examples: it asks for no more than it must, and for nothing that need
 * be there. `given` stands in for fields of these names, wherever they are.
 */
export function sampleRequest(
  { method, path, params, query, work }: Route,
  given: Readonly<Record<string, unknown>> = {},
): SampleRequest {
  const fieldsOf = (schema: z.ZodType | undefined) =>
    schema === undefined ? {} : (sampleOf(schema, given) as Readonly<Record<string, unknown>>);
  const named = fieldsOf(params);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(named[name])));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(fieldsOf(query))) asked.set(name, String(value));
  const search = asked.size === 0 ? "" : `?${asked}`;
  return { method, path: filled + search, body: bodyOf(work, given) };
}

function bodyOf(work: Route["work"], given: Readonly<Record<string, unknown>>): string | undefined {
  if (work.kind === "single")
    return work.body === undefined ? undefined : JSON.stringify(sampleOf(work.body, given));
  const schema = jsonSchemaOf(work.line);
  const kinds = (schema["oneOf"] ?? schema["anyOf"]) as readonly JsonSchema[];
  return kinds.map((kind) => `${JSON.stringify(exampleOf(kind, schema, given))}\n`).join("");
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

function sampleOf(schema: z.ZodType, given: Readonly<Record<string, unknown>>): unknown {
  const whole = jsonSchemaOf(schema);
  return exampleOf(whole, whole, given);
}

/** `whole` has the parts that are referred to. */
function exampleOf(schema: JsonSchema, whole: JsonSchema, given: Readonly<Record<string, unknown>>): unknown {
  const { $ref, const: only, enum: some, examples, type } = schema;
  if ($ref !== undefined) {
    const parts = whole["$defs"] as Readonly<Record<string, JsonSchema>>;
    return exampleOf(parts[String($ref).replace("#/$defs/", "")] as JsonSchema, whole, given);
  }
  const [first] = (some ?? examples ?? []) as readonly unknown[];
  if (only !== undefined || first !== undefined) return only ?? first;
  const [choice] = (schema["oneOf"] ?? schema["anyOf"] ?? schema["allOf"] ?? []) as readonly JsonSchema[];
  if (choice !== undefined) return exampleOf(choice, whole, given);
  if (type === "object") return objectOf(schema, whole, given);
  if (type === "array") {
    const items = schema["items"] as JsonSchema;
    return Array.from({ length: Number(schema["minItems"] ?? 0) }, () => exampleOf(items, whole, given));
  }
  if (type === "integer" || type === "number") return Math.max(1, Number(schema["minimum"] ?? 1));
  return type === "boolean" ? false : "sample";
}

function objectOf(
  { properties = {}, required = [] }: JsonSchema,
  whole: JsonSchema,
  given: Readonly<Record<string, unknown>>,
): object {
  const fields = properties as Readonly<Record<string, JsonSchema>>;
  const names = Object.keys(fields).filter(
    (name) => (required as readonly string[]).includes(name) || given[name] !== undefined,
  );
  return Object.fromEntries(
    names.map((name) => [name, given[name] ?? exampleOf(fields[name] as JsonSchema, whole, given)]),
  );
}
