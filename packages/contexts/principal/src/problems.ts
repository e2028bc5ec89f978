import { ApiError, final, type OwnProblem, type Problems } from "@taem/http";

export const problems = {
  client_unknown: final(404, "Check the client's id."),
  client_revoked: final(409, "Create another client: a revoked one stays so."),
  key_unknown: final(404, "Check the API key's number, and that it is neither over nor revoked."),
  too_many_keys: final(409, "Revoke API keys that are not needed any more."),

  person_unknown: final(404, "Check the person's id."),
  person_deactivated: final(409, "Add the person anew: who is deactivated stays so."),
  role_required: final(409, "Give the person a role in a programme that you reach."),
  role_needs_programme: final(
    409,
    "Name the programme: only a few roles are held in the whole installation.",
  ),
  roles_conflict: final(409, "Leave one of the two roles to somebody else."),
  keeper_must_differ: final(
    409,
    "Ask somebody else who manages people: nobody changes what they may do themselves, nor through an API key that they have held.",
  ),

  // Of whatever needs two principals
  approver_must_differ: final(
    409,
    "Approve or reject as another principal than the one that asked; neither may have made the other, or an API key of it.",
  ),
  requester_must_withdraw: final(409, "Reject it as a second principal: only who asked takes it back."),
} as const satisfies Problems;

export type PrincipalProblem = keyof typeof problems;

/** What the context answers with. */
export type Answered = PrincipalProblem | OwnProblem;

/** Why nothing is done. */
export interface Refusal {
  readonly refused: Answered;
  readonly detail: string;
}

export const PrincipalError = ApiError<Answered>;
