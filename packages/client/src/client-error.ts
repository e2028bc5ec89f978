import type { ApiDescription, ProblemDocument } from "@taem/http";
import type { ProblemCode, Shipped } from "./routes.ts";

/** A problem as the API tells it (RFC 9457), or what stands for one where no API answered. */
export type ProblemDetails = Pick<ProblemDocument, "detail" | "retryable" | "errors"> &
  Partial<Pick<ProblemDocument, "correlationId">> & {
    /** Stable, snake_case; the API's own, or that no API answered: `unreachable`, `unexpected_answer`. */
    readonly code: string;
    /** HTTP status; 0 where nobody answered. */
    readonly status: number;
  };

/** What a call is rejected with: the API's problem, or that no answer of the API came. */
export class ClientError extends Error {
  readonly problem: ProblemDetails;
  /** Milliseconds that the API asked to wait, if it did. */
  readonly retryAfter: number | undefined;

  constructor(
    problem: ProblemDetails,
    options: { readonly retryAfter?: number; readonly cause?: unknown } = {},
  ) {
    super(`${problem.code}: ${problem.detail}`, { cause: options.cause });
    this.name = "ClientError";
    this.problem = problem;
    this.retryAfter = options.retryAfter;
  }

  get code(): ProblemDetails["code"] {
    return this.problem.code;
  }

  get retryable(): boolean {
    return this.problem.retryable;
  }

  /** Whether the same request may succeed in a moment, and not only after another one. */
  get isPassing(): boolean {
    const { retryable, status } = this.problem;
    return retryable && (status < 400 || status === 408 || status === 429 || status >= 500);
  }
}

/** Whether a call was refused with one of these problems, of the contexts that ship unless told. */
export function isRefusal<A extends ApiDescription = Shipped>(
  error: unknown,
  ...codes: readonly ProblemCode<A>[]
): error is ClientError {
  return error instanceof ClientError && (codes as readonly string[]).includes(error.code);
}

/** No answer came: refused, cut, timed out. Whether the request was done is not known; its key makes a repetition safe. */
export function unreachable(url: string, cause: unknown): ClientError {
  const detail = `no answer from ${url}: ${reasonOf(cause)}`;
  return new ClientError({ code: "unreachable", status: 0, detail, retryable: true }, { cause });
}

/** Something answered that does not speak the API: a proxy, a wrong URL. Its 5xx may pass, the rest will not. */
export function unexpectedAnswer(status: number, detail: string): ClientError {
  return new ClientError({ code: "unexpected_answer", status, detail, retryable: status >= 500 });
}

/** A problem document as an error; anything else as `unexpected_answer`. */
export function problemOf(status: number, body: string, retryAfter: string | undefined): ClientError {
  const document = parse(body);
  if (typeof document?.code !== "string") {
    return unexpectedAnswer(
      status,
      `status ${status} without a problem document: is this the API's address?`,
    );
  }
  const seconds = Number(retryAfter);
  return new ClientError(
    document,
    retryAfter !== undefined && Number.isFinite(seconds) ? { retryAfter: seconds * 1_000 } : {},
  );
}

function parse(body: string): ProblemDetails | undefined {
  try {
    return JSON.parse(body) as ProblemDetails;
  } catch {
    return undefined;
  }
}

/** System errors come wrapped, those of several addresses in an aggregate; the innermost says what happened. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message || cause.name : reasonOf(cause.cause);
}
