import { ApiError, final, type OwnProblem, PermissionTable, ProblemTable } from "../../src/index.ts";

/** What a context would define that has the sample routes. */
const problems = {
  member_unknown: final(404, "Enrol the member first."),
  insufficient_points: final(409, "Ask for at most what is available."),
  hold_closed: final(409, "Place a new hold: this one was captured or voided."),
};

export const sampleProblems = new ProblemTable(problems);

export const SampleError = ApiError<keyof typeof problems | OwnProblem>;

export const samplePermissions = new PermissionTable(
  { earn: { allows: "give points" }, burn: { allows: "spend points" } },
  { read: { allows: "see balances" }, finance: { allows: "see reports" } },
);
