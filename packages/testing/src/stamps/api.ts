import { ApiError, describeApi, fields, final, type Problems, token } from "@taem/http";
import { z } from "zod";

/** How the context is described to its callers. */

const described = {
  path: "/v1/programmes/{programme}/members/{member}/stamps",
  tag: "stamps",
  params: { programme: fields.programmeCode, member: fields.memberRef },
} as const;

const stamps = z.int();

export const routes = {
  stamp: {
    ...described,
    method: "POST",
    permission: "stamp",
    summary: "Stamp a member's card",
    body: z.strictObject({ stamps: z.int().min(1).max(10) }),
    responses: {
      200: { description: "The card.", schema: z.strictObject({ stamps, token: z.string() }) },
    },
    problems: ["member_unknown", "card_full", "outcome_unknown", "conflict_retry_exhausted"],
  },
  card: {
    ...described,
    method: "GET",
    permission: "read",
    summary: "A member's card",
    query: { token: token.optional() },
    responses: { 200: { description: "The card.", schema: z.strictObject({ stamps }) } },
    problems: ["member_unknown", "token_beyond_log", "read_model_behind"],
  },
} as const;

const problems = {
  card_full: final(409, "Hand out what the card is good for, and begin another."),
} as const satisfies Problems;

export const StampsError = ApiError<keyof typeof problems>;

export const stampsApi = describeApi({
  commands: { stamp: routes.stamp },
  queries: { card: routes.card },
  problems,
  permissions: { stamp: { allows: "stamp members' cards" } },
});
