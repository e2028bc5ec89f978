import { merged } from "./merged.ts";

/** A problem that can be answered with. Its code is stable for ever; its meaning never changes. */
export interface Problem {
  /**
   * 400 = the request itself is wrong, 404 = what it names is not there, 409 = the present state is against it,
   * 422 = well formed but not allowed, 408, 429 and 503 = repeat it in a moment, unchanged and with the same key.
   */
  readonly status: number;
  /** What to do about it. */
  readonly description: string;
  /**
   * Whether the same request may succeed when repeated unchanged: in a moment, where the status says so, else after
   * what the description names.
   */
  readonly retryable: boolean;
}

/** By their codes. */
export type Problems = Readonly<Record<string, Problem>>;

/** Nothing helps but another request. */
export function final(status: number, description: string): Problem {
  return { status, description, retryable: false };
}

/** The same may succeed, but only after another command, or on another day. */
export function later(status: number, description: string): Problem {
  return { status, description, retryable: true };
}

/** The same may succeed in a moment. */
export function transient(status: 408 | 429 | 503, description: string): Problem {
  return { status, description, retryable: true };
}

/**
 * The kit's own: of requests as such, of the fields that they are made of, of programmes, by which callers are told apart, of keys,
 * and of the condition of the service. What is particular to a context, that context defines.
 */
export const ownProblems = {
  // The request as such
  malformed_request: final(400, "Send well-formed HTTP/1.1."),
  malformed_path: final(400, "Percent-encode the path as UTF-8."),
  incomplete_body: final(400, "Send as many bytes as Content-Length says, or end the chunked body."),
  body_required: final(400, "Send a JSON body: {} where there is nothing to say."),
  malformed_json: final(400, "Send valid JSON, encoded in UTF-8."),
  repeated_field: final(400, "Give each field once."),
  truncated_json: final(400, "Send the whole document: the JSON text ends before its value does."),
  unauthenticated: final(401, "Send `Authorization: Bearer` with an API key that is valid and not revoked."),
  forbidden: final(
    403,
    "Use a client that has the permission which the route asks for, and only the systems and networks given to it.",
  ),
  route_unknown: final(404, "Look the route up in /openapi.json."),
  method_not_allowed: final(405, "Use a method named in the Allow header."),
  request_timeout: transient(
    408,
    "Send the whole request within the time limit; repeat it with the same key.",
  ),
  body_too_large: final(413, "Send a smaller body; use POST /commands for many commands."),
  line_too_long: final(413, "Keep each line of a bulk request below the limit."),
  unsupported_media_type: final(415, "Send the Content-Type that the route names, without Content-Encoding."),
  headers_too_large: final(431, "Send fewer or shorter header fields."),

  // Fields
  validation_failed: final(400, "Mend each field listed under `errors`."),
  unknown_field: final(400, "Leave the field out: the route does not know it."),
  missing_field: final(400, "Give the field."),
  conflicting_fields: final(400, "Give exactly one of the fields named."),
  wrong_type: final(400, "Give the JSON type that the schema names; amounts are strings."),
  malformed_value: final(400, "Give a value of the form that the schema names."),
  value_not_allowed: final(400, "Give one of the values that the schema lists."),
  value_out_of_range: final(400, "Give a value within the bounds that the schema names."),
  malformed_amount: final(400, 'Give whole minor units as a string of decimal digits, such as "1250".'),
  amount_not_positive: final(400, "Give an amount above zero."),
  amount_too_large: final(400, "Give at most 10^15 minor units a command."),
  malformed_currency: final(
    400,
    "Give a currency code of 2 to 12 capital letters or digits, a letter first.",
  ),
  malformed_time: final(
    400,
    "Give an RFC 3339 date-time with its offset, such as 2026-11-05T10:00:00+07:00.",
  ),
  time_out_of_range: final(
    400,
    "Give an instant of the years 1970 to 9999, both in UTC and in the programme's zone.",
  ),
  malformed_id: final(400, "Give an id of the form that the schema names."),
  malformed_cursor: final(
    400,
    "Give the `next` of the page before, unchanged, or no cursor for the first page.",
  ),
  malformed_token: final(
    400,
    "Give the `token` of a present answer of this programme, unchanged, or leave it out.",
  ),

  // Keys
  key_required: final(400, "Give `source` in the body, or an Idempotency-Key header."),
  key_reused: final(
    422,
    "Use a new key, or repeat the command as it was first sent, its `occurredAt` included: `detail` names what differs.",
  ),

  // Whom it is about, and by when
  programme_unknown: final(404, "Check the programme's code, and that the API key belongs to it."),
  token_beyond_log: final(
    409,
    "Leave the token out and check what became of the command: the log, restored from a backup perhaps, does not reach it.",
  ),

  // Limits and the present condition of the service
  overloaded: transient(429, "Wait as Retry-After says and repeat: nothing was done."),
  too_many_requests: transient(
    429,
    "Wait as Retry-After says and repeat: the client, its programme or its address has as much under way, or asks as often, as it may.",
  ),
  internal: final(500, "Report the correlation id; a command may be repeated with the same key."),
  stream_damaged: later(
    500,
    "Report the correlation id: what the log has of it is damaged. Nothing was done; repeat with the same key once it is mended.",
  ),
  unavailable: transient(503, "Wait as Retry-After says and repeat: something the service needs is away."),
  outcome_unknown: transient(503, "Repeat with the same key: the command may or may not have been done."),
  conflict_retry_exhausted: transient(
    503,
    "Repeat with the same key: the account was too busy, nothing was done.",
  ),
  read_model_behind: transient(503, "Repeat later, or ask with consistency=strong."),
} as const satisfies Problems;

export type OwnProblem = keyof typeof ownProblems;

/** Whether a problem is one of requests as such and of the service's condition, not of what a context is about. */
export function isOwnProblem(code: string): boolean {
  return Object.hasOwn(ownProblems, code);
}

/** Every problem of a server: the kit's own, and those of its contexts. */
export class ProblemTable {
  readonly #problems: ReadonlyMap<string, Problem>;

  /** Throws where a code is defined twice. */
  constructor(...tables: readonly Problems[]) {
    this.#problems = merged("problem", [ownProblems, ...tables]);
  }

  get codes(): readonly string[] {
    return [...this.#problems.keys()];
  }

  has(code: string): boolean {
    return this.#problems.has(code);
  }

  /** Throws where nobody defines the code. */
  get(code: string): Problem {
    const problem = this.#problems.get(code);
    if (problem === undefined) throw new Error(`nobody defines the problem ${code}`);
    return problem;
  }
}

/** A short name for people, from the code: `malformed_json` is "Malformed JSON". */
export function problemTitle(code: string): string {
  const words = code.replaceAll("_", " ").replace(/\bjson\b/, "JSON");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
