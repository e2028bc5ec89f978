import { fields } from "@taem/http";
import { z } from "zod";
import type { Member } from "../application/members.ts";

const { externalId, idempotencyKey, instant, memberRef, programmeCode } = fields;

const PROGRAMME = "/v1/programmes/{programme}";

export const memberAnswer = z.strictObject({
  member: z.string().meta({ description: "Our id, as paths take it." }),
  enrolledAt: instant,
});

export type MemberAnswer = z.input<typeof memberAnswer>;

export const members = {
  enrol: {
    method: "POST",
    path: `${PROGRAMME}/members`,
    permission: ["earn", "opening", "adjust"],
    tag: "members",
    summary: "Enrol a member",
    description:
      "Enrolling again with the same external id, or without one with the same Idempotency-Key, finds the member.",
    params: { programme: programmeCode },
    headers: { "idempotency-key": idempotencyKey.optional() },
    body: z.strictObject({ externalId: externalId.optional() }),
    responses: {
      201: { description: "Enrolled now.", schema: memberAnswer },
      200: { description: "Enrolled before, under the same external id.", schema: memberAnswer },
    },
    problems: ["programme_unknown", "key_required", "overloaded", "outcome_unknown"],
  },
  member: {
    method: "GET",
    path: `${PROGRAMME}/members/{member}`,
    permission: ["read", "earn", "burn", "adjust", "approve"],
    tag: "members",
    summary: "A member",
    params: { programme: programmeCode, member: memberRef },
    responses: { 200: { description: "The member.", schema: memberAnswer } },
    problems: ["programme_unknown", "member_unknown"],
  },
} as const;

export function memberBody({ id, enrolledAt }: Pick<Member, "id" | "enrolledAt">): MemberAnswer {
  return { member: id, enrolledAt: fields.formatInstant(enrolledAt) };
}
