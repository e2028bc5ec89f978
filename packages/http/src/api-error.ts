import { type OwnProblem, type ProblemTable, problemTitle } from "./problems.ts";

/** One thing wrong with one field. */
export interface FieldProblem {
  readonly in: "body" | "path" | "query" | "header";
  /** JSON Pointer (RFC 6901) into that part of the request; empty = the whole of it. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export interface ApiErrorOptions {
  /** What was asked against what there is. Goes to the caller: nothing internal. */
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  /** Seconds; problems that pass by themselves say 1 unless told. */
  readonly retryAfter?: number;
  /**
   * Further members of the document (RFC 9457, 3.2), ready for JSON; they cannot replace the standard ones.
   */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * Thrown by a handler to answer with a problem, by its code: the kit's own unless told. A context says once which it has,
 * `const CardError = ApiError<CardProblem>`. What the code means for HTTP is looked up where it is answered.
 */
export class ApiError<Code extends string = OwnProblem> extends Error {
  readonly code: Code;
  readonly options: ApiErrorOptions;

  constructor(code: NoInfer<Code>, options: ApiErrorOptions = {}) {
    super(options.detail ?? code, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.options = options;
  }
}

/** A problem as a server answers it. */
export interface ProblemAnswer extends Omit<ApiErrorOptions, "detail"> {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly retryable: boolean;
}

const PASSING: ReadonlySet<number> = new Set([408, 429, 503]);

/**
 * What is answered to anything thrown: what is not an `ApiError`, or has a code that nobody defines, tells the caller nothing
 * but that it was unexpected.
 */
export function problemAnswer(thrown: unknown, problems: ProblemTable): ProblemAnswer {
  const error: ApiError<string> =
    thrown instanceof ApiError && problems.has(thrown.code)
      ? thrown
      : new ApiError("internal", { cause: thrown });
  const { code, options } = error;
  const { status, description, retryable } = problems.get(code);
  // A moment later the same request may succeed.
  const retryAfter = options.retryAfter ?? (PASSING.has(status) ? 1 : undefined);
  return {
    ...options,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...{ code, status, retryable, detail: options.detail ?? description },
    cause: options.cause ?? error,
  };
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly retryable: boolean;
  readonly correlationId: string;
  readonly errors?: readonly FieldProblem[];
}

/** The body of `application/problem+json` (RFC 9457). `instance` is the path of the request. */
export function problemDocument(
  { code, status, detail, retryable, errors, extensions }: ProblemAnswer,
  instance: string,
  correlationId: string,
): ProblemDocument {
  return {
    ...extensions,
    ...{ type: `/problems/${code}`, title: problemTitle(code), status, code },
    ...{ detail, instance, retryable, correlationId },
    ...(errors && { errors }),
  };
}
