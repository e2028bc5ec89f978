import { ApiError, final, type OwnProblem, type Problems } from "@taem/http";

export const problems = {
  member_unknown: final(404, "Enrol the member first, or check the id."),
} as const satisfies Problems;

export type MemberProblem = keyof typeof problems;

export const MemberError = ApiError<MemberProblem | OwnProblem>;
