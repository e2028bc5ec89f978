/**
 * Every problem the product can answer with: the one registry of codes. A code is stable for ever; its
 * meaning never changes.
 *
 * 400 = the request itself is wrong, 404 = what it names is not there, 409 = the present state is against it,
 * 422 = well formed but not allowed, 408, 429 and 503 = repeat it in a moment, unchanged and with the same key.
 */
export interface Problem {
  readonly status: number;
  /** What to do about it. */
  readonly description: string;
  /**
   * Whether the same request may succeed when repeated unchanged: in a moment, where the status says so, else after
   * what the description names.
   */
  readonly retryable: boolean;
}

export const problems = {
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
  key_required: final(400, "Give `source` in the body, or an Idempotency-Key header."),

  // What a request names
  programme_unknown: final(404, "Check the programme's code, and that the API key belongs to it."),
  member_unknown: final(404, "Enrol the member first, or check the id."),
  hold_unknown: final(404, "Check the hold's id and its member."),
  adjustment_unknown: final(404, "Check the adjustment's id and its member."),
  proposal_unknown: final(404, "Check the proposal's id."),
  origin_unknown: later(
    422,
    "Name the source of an earn, burn or capture of this account, or send it again after the sale.",
  ),
  origin_of_another_account: final(
    422,
    "Name the member, and the currency, of the sale: the key is of programme scope.",
  ),
  rule_unknown: final(422, "Publish the rule, or name one that the programme has."),
  currency_unknown: final(422, "Use a currency of the programme."),
  wrong_currency: final(422, "Use the currency that the rule or the origin is in."),
  too_many_sources: final(409, "Retire declared source systems that are not needed any more."),
  system_in_use: final(
    409,
    "Declare another system: the keys that this one has used would reach further, or less far, than when they were.",
  ),
  source_retired: final(409, "Use a source system that is not retired, or declare this one again."),
  client_unknown: final(404, "Check the client's id."),
  client_revoked: final(409, "Create another client: a revoked one stays so."),
  key_unknown: final(404, "Check the API key's number, and that it is neither over nor revoked."),
  too_many_keys: final(409, "Revoke API keys that are not needed any more."),

  token_beyond_log: final(
    409,
    "Leave the token out and check what became of the command: the log, restored from a backup perhaps, does not reach it.",
  ),

  // Keys
  key_reused: final(
    422,
    "Use a new key, or repeat the command as it was first sent, its `occurredAt` included: `detail` names what differs.",
  ),
  programme_exists: final(409, "Choose another code, or change the programme that has it."),

  // The state of the account
  insufficient_points: final(409, "Ask for at most what is available."),
  hold_closed: final(409, "Place a new hold: this one was captured or voided, or timed out."),
  hold_timeout_too_long: final(422, "Ask for at most the programme's longest hold."),
  capture_exceeds_hold: final(422, "Capture at most what is held."),
  origin_not_reversible: final(409, "Reverse an earn, burn or capture; nothing else can be reversed."),
  origin_without_spend: final(422, "Reverse by points: the origin was not earned by spend."),
  reversal_exceeds_origin: final(409, "Reverse at most what is left of the origin."),
  refund_exceeds_sale: final(409, "Refund at most what is left of the sale."),
  no_debt: final(409, "Write off at most what is owed."),
  balance_limit_exceeded: final(
    409,
    "Transfer less: the receiving account would pass its currency's `maxBalance`.",
  ),
  balance_too_large: final(
    409,
    "Leave it: an account holds at most 10^18 minor units, and owes at most as much.",
  ),
  earn_ceiling_reached: later(
    409,
    "Repeat it on another day, or raise the currency's `earnCeiling`: the client has given as much as it may today.",
  ),
  adjustment_ceiling_reached: later(
    409,
    "Repeat it on another day, or raise the currency's `adjustmentCeiling`: the client has adjusted as much as it may today.",
  ),
  rule_not_valid: final(422, "Use a rule that is valid at the time of the sale."),
  transfer_to_self: final(422, "Name another member as the target."),
  adjustment_closed: final(409, "Ask for a new adjustment: this one waits no longer."),
  approver_must_differ: final(
    409,
    "Approve or reject as another principal than the one that asked; neither may have made the other, or an API key of it.",
  ),
  proposal_closed: final(409, "Propose the change again: this proposal waits no longer."),
  proposal_obsolete: final(409, "Reject or withdraw the proposal, and propose the change anew."),
  too_many_adjustments: final(
    409,
    "Decide on adjustments of the account that wait before you ask for another.",
  ),
  too_many_proposals: final(409, "Decide on proposals that wait before you make another."),
  not_single_handed: final(409, "Leave `singleHanded` out: it is given when a programme is made, or never."),
  requester_must_withdraw: final(409, "Reject it as a second principal: only who asked takes it back."),

  // Time
  occurred_at_in_future: final(
    422,
    "Give an occurredAt at most five minutes ahead of the programme's clock.",
  ),
  expiry_too_far: final(
    422,
    "Give an expiry at most a hundred years ahead of the programme's clock; null, or one in the year 9999, means never. A year of the Buddhist era is 543 too high.",
  ),
  clock_too_far: final(
    422,
    "Set the clock to at most ten years beyond the server's time. A year of the Buddhist era is 543 too high.",
  ),
  clock_backwards: final(409, "Set the clock to its present time or later."),
  clock_differs: final(409, "Leave `clock` out, or move the clock with PUT /clock."),
  clock_live: final(409, "Leave the clock: a live programme follows the server's time."),

  // Limits and the present condition of the service
  overloaded: transient(429, "Wait as Retry-After says and repeat: nothing was done."),
  internal: final(500, "Report the correlation id; a command may be repeated with the same key."),
  unavailable: transient(503, "Wait as Retry-After says and repeat: something the service needs is away."),
  outcome_unknown: transient(503, "Repeat with the same key: the command may or may not have been done."),
  conflict_retry_exhausted: transient(
    503,
    "Repeat with the same key: the account was too busy, nothing was done.",
  ),
  read_model_behind: transient(503, "Repeat later, or ask with consistency=strong."),
  account_parked: transient(
    503,
    "Ask with consistency=strong: the read model has stopped following the account, until an operator replays it.",
  ),
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as readonly ProblemCode[];

/** A short name for people, from the code: `malformed_json` is "Malformed JSON". */
export function problemTitle(code: ProblemCode): string {
  const words = code.replaceAll("_", " ").replace(/\bjson\b/, "JSON");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The same may succeed, but only after another command, or on another day. */
function later<const S extends number>(status: S, description: string) {
  return { status, description, retryable: true } as const;
}

function final<const S extends number>(status: S, description: string) {
  return { status, description, retryable: false } as const;
}

function transient<const S extends number>(status: S, description: string) {
  return { status, description, retryable: true } as const;
}
