import { ApiError, final, later, type OwnProblem, type Problems, transient } from "@taem/http";
import type { MemberProblem } from "@taem/member/api";
import type { PrincipalProblem } from "@taem/principal/api";
import type { ProgrammeProblem } from "@taem/programme/api";

export const problems = {
  // What a command names
  hold_unknown: final(404, "Check the hold's id and its member."),
  adjustment_unknown: final(404, "Check the adjustment's id and its member."),
  origin_unknown: later(
    422,
    "Name the source of an earn, burn or capture of this account, or send it again after the sale.",
  ),
  origin_of_another_account: final(
    422,
    "Name the member, and the currency, of the sale: the key is of programme scope.",
  ),
  rule_not_valid: final(422, "Use a rule that is valid at the time of the sale."),
  wrong_currency: final(422, "Use the currency that the rule or the origin is in."),
  source_retired: final(409, "Use a source system that is not retired, or declare this one again."),
  transfer_to_self: final(422, "Name another member as the target."),

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
  adjustment_closed: final(409, "Ask for a new adjustment: this one waits no longer."),
  too_many_adjustments: final(
    409,
    "Decide on adjustments of the account that wait before you ask for another.",
  ),

  // What the client has done on the day
  earn_ceiling_reached: later(
    409,
    "Repeat it on another day, or raise the currency's `earnCeiling`: the client has given as much as it may today.",
  ),
  adjustment_ceiling_reached: later(
    409,
    "Repeat it on another day, or raise the currency's `adjustmentCeiling`: the client has adjusted as much as it may today.",
  ),

  // Time
  occurred_at_in_future: final(
    422,
    "Give an occurredAt at most five minutes ahead of the programme's clock.",
  ),
  expiry_too_far: final(
    422,
    "Give an expiry at most a hundred years ahead of the programme's clock; null, or one in the year 9999, means never. A year of the Buddhist era is 543 too high.",
  ),

  // The read model
  account_parked: transient(
    503,
    "Ask with consistency=strong: the read model has stopped following the account, until an operator replays it.",
  ),
} as const satisfies Problems;

/** What the context answers with. */
export type Answered =
  | keyof typeof problems
  | MemberProblem
  | PrincipalProblem
  | ProgrammeProblem
  | OwnProblem;

export const LedgerError = ApiError<Answered>;
