import { z } from "zod";
import type { PermissionTable } from "./permissions.ts";
import type { ProblemTable } from "./problems.ts";
import type { AnswerDeclaration, Route } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";

type Json = Record<string, unknown>;

/** What the routes of a document may answer with, and ask for. */
export interface DocumentTables {
  readonly problems: ProblemTable;
  readonly permissions: PermissionTable;
}

export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  /** CommonMark. */
  readonly description: string;
}

/**
 * The OpenAPI 3.1 document of the routes, generated from the schemas that validate requests. Throws if a
 * request schema would let unknown fields pass, or if two components of one name differ.
 */
export function openApiDocument(
  routes: readonly Route[],
  info: DocumentInfo,
  { problems, permissions }: DocumentTables,
): Json {
  const components = new Components();
  components.add("Problem", problemSchema(problems));
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    (paths[route.path] as Json)[route.method.toLowerCase()] = operation(route, components, problems);
  }
  return {
    openapi: "3.1.0",
    info: { ...info },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "taem_<client>-<key>_<secret>",
          description: apiKeysDescription(permissions),
        },
      },
    },
  };
}

function apiKeysDescription(permissions: PermissionTable): string {
  const allowed = permissions.names.map((name) => `- \`${name}\`: ${permissions.get(name)?.allows}`);
  return `An API key of a client that has the permission of the route. A client of one programme reaches no other.

${allowed.join("\n")}`;
}

function operation(route: Route, components: Components, problems: ProblemTable): Json {
  const { method, path, summary, description, tag, permissions, work } = route;
  const content = requestContent(route, components);
  return {
    operationId: operationId(method, path),
    summary,
    ...(description && { description }),
    tags: [tag],
    security: permissions?.map((permission) => ({ apiKey: [permission] })) ?? [],
    parameters: [
      ...parameters("path", route.params, components),
      ...parameters("query", route.query, components),
      ...parameters("header", route.headers, components),
    ],
    ...(content && { requestBody: { required: true, content } }),
    responses: {
      ...(work.kind === "bulk" ? bulkAnswer(route, work.result, components) : answers(route, components)),
      ...problemAnswers(problemsOf(route), problems),
    },
  };
}

/** `POST /v1/programmes/{programme}/members` is `postProgrammesByProgrammeMembers`. */
function operationId(method: string, path: string): string {
  const words = path.split("/").filter((part) => part !== "" && part !== "v1");
  const named = words
    .map((word) => word.replace(/^\{(.*)\}$/, "by-$1"))
    .flatMap((word) => word.split(/[^A-Za-z0-9]+/));
  return method.toLowerCase() + named.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function requestContent({ work, method, path }: Route, components: Components): Json | undefined {
  if (work.kind === "bulk") {
    return { "application/x-ndjson": { schema: components.request(work.line, `${method} ${path}: line`) } };
  }
  if (work.body === undefined) return undefined;
  return { "application/json": { schema: components.request(work.body, `${method} ${path}: body`) } };
}

function parameters(
  place: "path" | "query" | "header",
  fields: z.ZodObject | undefined,
  components: Components,
): Json[] {
  const required =
    fields === undefined ? [] : ((z.toJSONSchema(fields, { io: "input" }).required ?? []) as string[]);
  return Object.entries(fields?.shape ?? {}).map(([name, field]) => {
    const schema = components.request(field as z.ZodType, `${place} ${name}`);
    const description = components.descriptionOf(schema);
    return {
      name: place === "header" ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name,
      in: place,
      required: required.includes(name),
      ...(description && { description }),
      schema,
    };
  });
}

function answers(route: Route, components: Components): Json {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, declared]) => [status, answer(declared, components)]),
  );
}

function answer({ description, schema, contentType }: AnswerDeclaration, components: Components): Json {
  if (contentType !== undefined)
    return { description, content: { [contentType]: { schema: { type: "string" } } } };
  if (schema === undefined) return { description };
  return { description, content: { "application/json": { schema: components.answer(schema) } } };
}

function bulkAnswer(route: Route, result: z.ZodType, components: Components): Json {
  const line = { type: "integer", minimum: 1, description: "The line that is answered, from 1." };
  const status = { type: "integer", description: "The status that the command would have had alone." };
  const answered = (properties: Json) => ({
    type: "object",
    properties: { line, status, ...properties },
    required: ["line", "status", ...Object.keys(properties)],
  });
  const problem = problemWith(lineProblemsOf(route));
  const schema = { oneOf: [answered({ result: components.answer(result) }), answered({ problem })] };
  const description = route.responses[200]?.description ?? "";
  return { 200: { description, content: { "application/x-ndjson": { schema } } } };
}

/** One answer per status, naming the codes that come with it. */
function problemAnswers(codes: readonly string[], problems: ProblemTable): Json {
  const byStatus = Map.groupBy(codes, (code) => problems.get(code).status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => {
      const description = some.map((code) => `- \`${code}\`: ${problems.get(code).description}`).join("\n");
      const retryAfter = { description: "Seconds to wait.", schema: { type: "integer" } };
      const headers = status === 429 || status === 503 ? { headers: { "Retry-After": retryAfter } } : {};
      return [
        status,
        { description, ...headers, content: { "application/problem+json": { schema: problemWith(some) } } },
      ];
    }),
  );
}

function problemWith(codes: readonly string[]): Json {
  return {
    allOf: [
      { $ref: "#/components/schemas/Problem" },
      { type: "object", properties: { code: { enum: codes } } },
    ],
  };
}

function problemSchema({ codes }: ProblemTable): Json {
  const code = { type: "string", enum: codes, description: "Stable: branch on this." };
  const fault = {
    type: "object",
    properties: {
      in: { enum: ["body", "path", "query", "header"] },
      pointer: { type: "string", description: "JSON Pointer into that part." },
      code,
      detail: { type: "string" },
    },
    required: ["in", "pointer", "code", "detail"],
  };
  return {
    type: "object",
    description: "RFC 9457 problem details.",
    properties: {
      type: { type: "string", format: "uri-reference" },
      title: { type: "string" },
      status: { type: "integer" },
      code,
      detail: { type: "string", description: "What was wrong with this request." },
      instance: { type: "string", format: "uri-reference" },
      retryable: {
        type: "boolean",
        description:
          "Whether the same request may succeed when repeated unchanged: in a moment (408, 429, 503), or after what the code's description names.",
      },
      correlationId: { type: "string", description: "Finds the request in the logs." },
      errors: { type: "array", items: fault, description: "What was wrong with which field." },
    },
    required: ["type", "title", "status", "code", "detail", "instance", "retryable", "correlationId"],
  };
}

/** JSON Schemas with their named parts lifted into the document's components. */
class Components {
  readonly schemas: Record<string, unknown> = {};

  /** `place` names the schema in the error for an object that is not strict. */
  request(schema: z.ZodType, place: string): Json {
    const converted = z.toJSONSchema(schema, { io: "input" });
    requireStrict(converted, place);
    return this.#lift(converted);
  }

  answer(schema: z.ZodType): Json {
    return this.#lift(z.toJSONSchema(schema, { io: "input" }));
  }

  add(name: string, schema: unknown): void {
    const present = this.schemas[name];
    if (present !== undefined && JSON.stringify(present) !== JSON.stringify(schema)) {
      throw new Error(`two schemas named ${name} differ: give one of them another id`);
    }
    this.schemas[name] = schema;
  }

  /** What a schema says of itself, or the component that it refers to. */
  descriptionOf({ description, $ref }: Json): string | undefined {
    const name = String($ref ?? "").replace("#/components/schemas/", "");
    const said = description ?? (this.schemas[name] as Json | undefined)?.["description"];
    return said === undefined ? undefined : String(said);
  }

  #lift({ $schema: _, $defs = {}, ...schema }: Json): Json {
    for (const [name, part] of Object.entries($defs as Json)) {
      const { id: _id, ...named } = relocated(part) as Json;
      this.add(name, named);
    }
    return relocated(schema) as Json;
  }
}

/** The same with references into `components`. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === "$ref" ? String(part).replace("#/$defs/", "#/components/schemas/") : relocated(part),
    ]),
  );
}

function requireStrict(value: unknown, place: string): void {
  if (typeof value !== "object" || value === null) return;
  const { type, properties, additionalProperties } = value as Json;
  if (type === "object" && properties !== undefined && additionalProperties !== false) {
    throw new Error(`${place} lets unknown fields pass: use z.strictObject`);
  }
  for (const part of Object.values(value)) requireStrict(part, place);
}
