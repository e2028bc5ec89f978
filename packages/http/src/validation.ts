import type { z } from "zod";
import { ApiError, type FieldProblem } from "./api-error.ts";
import { type OwnProblem, ownProblems } from "./problems.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** More than these are not listed: whoever sends that many mistakes needs no complete list. */
const MAX_ERRORS = 20;
const MAX_SHOWN_NAME = 64;

/**
 * A part of the request by its schema. Throws the problem of its only fault, or `validation_failed` with all
 * of them under `errors`.
 */
export function parse<S extends z.ZodType>(schema: S, input: unknown, part: FieldProblem["in"]): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => fieldProblems(issue, input, part, []));
  throw validationError(errors.slice(0, MAX_ERRORS));
}

/** For rules between fields in a schema's `superRefine`: an issue that is answered with the given code, the kit's own unless told. */
export function fieldFault<Code extends string = OwnProblem>(
  code: NoInfer<Code>,
  detail: string,
  path: readonly string[] = [],
) {
  return { code: "custom" as const, message: detail, params: { problem: code }, path: [...path] };
}

function validationError(errors: readonly FieldProblem[]): ApiError<string> {
  const [only, ...others] = errors;
  if (only === undefined || others.length > 0) return new ApiError("validation_failed", { errors });
  const place = only.pointer === "" ? only.in : `${only.in} ${only.pointer}`;
  return new ApiError<string>(only.code, { detail: `${place}: ${only.detail}`, errors });
}

function fieldProblems(issue: Issue, input: unknown, part: FieldProblem["in"], base: Path): FieldProblem[] {
  const path = [...base, ...issue.path];
  const problem = (code: string, detail: string, at: Path = path): FieldProblem => ({
    in: part,
    pointer: pointerOf(at),
    code,
    detail,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        problem("unknown_field", ownProblems.unknown_field.description, [...path, key]),
      );
    case "invalid_union":
      return unionProblems(issue, input, part, path);
    case "custom":
      return [problem(codeOf(issue), issue.message)];
    default: {
      const missing = path.length > 0 && valueAt(input, path) === undefined;
      return [missing ? problem("missing_field", "is missing") : problem(GENERIC[issue.code], issue.message)];
    }
  }
}

const GENERIC = {
  invalid_type: "wrong_type",
  invalid_value: "value_not_allowed",
  too_big: "value_out_of_range",
  too_small: "value_out_of_range",
  not_multiple_of: "value_out_of_range",
  invalid_format: "malformed_value",
  invalid_key: "malformed_value",
  invalid_element: "malformed_value",
} as const satisfies Record<string, OwnProblem>;

/**
 * Of a union the faults of the alternative that came nearest; of a discriminated one those of its
 * discriminator.
 */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  input: unknown,
  part: FieldProblem["in"],
  path: Path,
): FieldProblem[] {
  const [nearest] = issue.errors.toSorted((a, b) => a.length - b.length);
  if (nearest !== undefined) return nearest.flatMap((nested) => fieldProblems(nested, input, part, path));
  const missing = valueAt(input, path) === undefined;
  const code = missing ? "missing_field" : "value_not_allowed";
  return [
    {
      in: part,
      pointer: pointerOf(path),
      code,
      detail: missing ? "is missing" : "is none of the alternatives",
    },
  ];
}

function codeOf(issue: z.core.$ZodIssueCustom): string {
  const code: unknown = issue.params?.["problem"];
  return typeof code === "string" ? code : ("malformed_value" satisfies OwnProblem);
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function pointerOf(path: Path): string {
  return path.map((key) => `/${shown(String(key)).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function shown(key: string): string {
  return key.length > MAX_SHOWN_NAME ? `${key.slice(0, MAX_SHOWN_NAME)}…` : key;
}
