import { cursor, fields } from "@taem/http";
import { differences, obsolete, proposedChange } from "@taem/programme/api";
import { z } from "zod";
import { businessKey } from "./account-queries.ts";
import { waitsBecause } from "./command-answer.ts";
import { ending, lastDayOrNull } from "./ends.ts";
import { parkedCount, programmeParams, viewQuery } from "./view.ts";

const { instant, total } = fields;

const asked = {
  id: z.string().meta({ description: "As the routes that decide on it take it." }),
  requestedBy: z.string(),
  requestedAt: instant.meta({ description: "Business time." }),
  expiresAt: instant.nullable().meta(ending("When it lapses; null = never.")),
  lastDay: lastDayOrNull,
};

export const approvalItem = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("proposal"), ...asked, change: proposedChange, obsolete, differences }),
    z.strictObject({
      kind: z.literal("adjustment"),
      ...asked,
      member: z.string(),
      currency: z.string(),
      direction: z.enum(["credit", "debit", "write_off"]),
      points: total,
      reason: z.string(),
      because: waitsBecause.nullable().meta({ description: "Why it waits; null = it was not recorded." }),
      source: businessKey,
    }),
  ])
  .meta({ id: "Approval" });

const position = z.string().regex(/^[0-9A-Za-z]{1,64}$/);
/** By number; adjustments by the position of their request, after all proposals. */
const place = z.union([
  z.tuple([z.literal("proposal"), z.int().min(1)]),
  z.tuple([z.literal("adjustment"), position]),
]);

const { consistency, token } = viewQuery;

/** What waits for a second principal. */
export const approvals = {
  waiting: {
    method: "GET",
    path: "/v1/programmes/{programme}/approvals",
    permission: ["adjust", "approve", "define", "publish", "finance"],
    tag: "definitions",
    summary: "Everything that waits for a second principal",
    description: "Proposed changes of definitions, then adjustments, each oldest first.",
    params: programmeParams,
    query: {
      kind: z.enum(["proposal", "adjustment"]).optional().meta({ description: "Both unless told." }),
      consistency,
      token,
      cursor: cursor(place).optional(),
      limit: fields.pageSize(100, 1_000),
    },
    responses: {
      200: {
        description: "A page of what waits.",
        schema: z.strictObject({
          parked: parkedCount,
          items: z.array(approvalItem),
          next: z.string().optional(),
        }),
      },
    },
    problems: ["programme_unknown", "read_model_behind", "token_beyond_log"],
  },
} as const;
