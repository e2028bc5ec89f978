import { ApiError, final, type OwnProblem, type Problems } from "@taem/http";
import type { PrincipalProblem } from "@taem/principal/api";

export const problems = {
  programme_exists: final(409, "Choose another code, or change the programme that has it."),
  not_single_handed: final(409, "Leave `singleHanded` out: it is given when a programme is made, or never."),
  currency_unknown: final(422, "Use a currency of the programme."),
  rule_unknown: final(422, "Publish the rule, or name one that the programme has."),
  too_many_sources: final(409, "Retire declared source systems that are not needed any more."),
  system_in_use: final(
    409,
    "Declare another system: the keys that this one has used would reach further, or less far, than when they were.",
  ),

  // Proposals
  proposal_unknown: final(404, "Check the proposal's id."),
  proposal_closed: final(409, "Propose the change again: this proposal waits no longer."),
  proposal_obsolete: final(409, "Reject or withdraw the proposal, and propose the change anew."),
  too_many_proposals: final(409, "Decide on proposals that wait before you make another."),

  // The business clock
  clock_too_far: final(
    422,
    "Set the clock to at most ten years beyond the server's time. A year of the Buddhist era is 543 too high.",
  ),
  clock_backwards: final(409, "Set the clock to its present time or later."),
  clock_differs: final(409, "Leave `clock` out, or move the clock with PUT /clock."),
  clock_live: final(409, "Leave the clock: a live programme follows the server's time."),
} as const satisfies Problems;

export type ProgrammeProblem = keyof typeof problems;

/** What the context answers with. */
export type Answered = ProgrammeProblem | PrincipalProblem | OwnProblem;

export const ProgrammeError = ApiError<Answered>;
