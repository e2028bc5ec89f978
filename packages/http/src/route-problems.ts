import { z } from "zod";
import { FIELD_PROBLEMS } from "./fields.ts";
import type { OwnProblem } from "./problems.ts";
import type { Route } from "./route.ts";

const EVERY: readonly OwnProblem[] = [
  "malformed_request",
  "headers_too_large",
  "overloaded",
  "too_many_requests",
  "internal",
];
const AUTHENTICATION: readonly OwnProblem[] = [
  "unauthenticated",
  "forbidden",
  "unavailable",
  "stream_damaged",
];
const FIELDS: readonly OwnProblem[] = [
  "validation_failed",
  "unknown_field",
  "missing_field",
  "wrong_type",
  "malformed_value",
  "value_not_allowed",
  "value_out_of_range",
];
const JSON_TEXT: readonly OwnProblem[] = ["malformed_json", "truncated_json", "repeated_field"];
const BODY: readonly OwnProblem[] = [
  "body_required",
  "body_too_large",
  "incomplete_body",
  "request_timeout",
  "unsupported_media_type",
];

/** Every problem that a route can answer with: its own, and those of what happens around it. Sorted. */
export const problemsOf = onceEach(allProblemsOf);

/** Every problem that the answer to a line of a bulk route can be. */
export const lineProblemsOf = onceEach(allLineProblemsOf);

/** The document, the check of names and the answers all ask, and schemas are dear to walk. */
function onceEach(find: (route: Route) => readonly string[]): (route: Route) => readonly string[] {
  const found = new WeakMap<Route, readonly string[]>();
  return (route) => {
    const known = found.get(route) ?? find(route);
    found.set(route, known);
    return known;
  };
}

function allProblemsOf(route: Route): string[] {
  const codes = new Set<string>([...EVERY, ...FIELDS, ...route.problems]);
  const add = (more: readonly OwnProblem[]) => {
    for (const code of more) codes.add(code);
  };
  if (route.permissions !== undefined) add(AUTHENTICATION);
  if (route.params !== undefined) add(["malformed_path"]);
  if (route.permissions !== undefined && route.params?.shape["programme"] !== undefined)
    add(["programme_unknown"]);
  if (route.work.kind === "bulk") add(["incomplete_body", "unsupported_media_type"]);
  else if (route.work.body !== undefined) add([...JSON_TEXT, ...BODY]);
  for (const schema of inputsOf(route))
    for (const code of fieldProblems(z.toJSONSchema(schema, { io: "input" }))) codes.add(code);
  return [...codes].sort();
}

function allLineProblemsOf(route: Route): string[] {
  if (route.work.kind !== "bulk") return [];
  const own = fieldProblems(z.toJSONSchema(route.work.line, { io: "input" }));
  const around: readonly OwnProblem[] = [
    "line_too_long",
    "overloaded",
    "too_many_requests",
    "internal",
    "programme_unknown",
  ];
  return [
    ...new Set([...AUTHENTICATION, ...JSON_TEXT, ...FIELDS, ...around, ...own, ...route.problems]),
  ].sort();
}

/** Schemas of the parts of the request that are validated before the handler runs. */
function inputsOf(route: Route): z.ZodType[] {
  const body = route.work.kind === "single" ? route.work.body : undefined;
  return [route.params, route.query, route.headers, body].filter((schema) => schema !== undefined);
}

function fieldProblems(jsonSchema: unknown): string[] {
  if (typeof jsonSchema !== "object" || jsonSchema === null) return [];
  return Object.entries(jsonSchema).flatMap(([key, value]) =>
    key === FIELD_PROBLEMS ? (value as string[]) : fieldProblems(value),
  );
}
