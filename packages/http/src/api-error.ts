import { type ProblemCode, problems, problemTitle } from "./problems.ts";

/** One thing wrong with one field. */
export interface FieldProblem {
  readonly in: "body" | "path" | "query" | "header";
  /** JSON Pointer (RFC 6901) into that part of the request; empty = the whole of it. */
  readonly pointer: string;
  readonly code: ProblemCode;
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

const PASSING: ReadonlySet<number> = new Set([408, 429, 503]);

/** Whether a moment later the same request may succeed. */
function passes(code: ProblemCode): boolean {
  return PASSING.has(problems[code].status);
}

/** Thrown by a handler to answer with a problem of the registry. */
export class ApiError extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldProblem[] | undefined;
  readonly retryAfter: number | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ProblemCode, options: ApiErrorOptions = {}) {
    super(options.detail ?? problems[code].description, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter ?? (passes(code) ? 1 : undefined);
    this.extensions = options.extensions;
  }

  get status(): number {
    return problems[this.code].status;
  }
}

/**
 * Anything thrown, as an answer: what is not an `ApiError` tells the caller nothing but that it was
 * unexpected.
 */
export function asApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : new ApiError("internal", { cause: thrown });
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly instance: string;
  readonly retryable: boolean;
  readonly correlationId: string;
  readonly errors?: readonly FieldProblem[];
}

/** The body of `application/problem+json` (RFC 9457). `instance` is the path of the request. */
export function problemDocument(error: ApiError, instance: string, correlationId: string): ProblemDocument {
  return {
    ...error.extensions,
    type: `/problems/${error.code}`,
    title: problemTitle(error.code),
    status: error.status,
    code: error.code,
    detail: error.message,
    instance,
    retryable: problems[error.code].retryable,
    correlationId,
    ...(error.errors && { errors: error.errors }),
  };
}
