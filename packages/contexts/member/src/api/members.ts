import { cursor, cutSchema, fields, token } from "@taem/http";
import { z } from "zod";
import type { Member } from "../application/members.ts";

const { consistency, externalId, idempotencyKey, instant, memberRef, pageSize, programmeCode } = fields;

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
  list: {
    method: "GET",
    path: `${PROGRAMME}/members`,
    permission: ["read", "finance"],
    tag: "members",
    summary: "The members of a programme, newest first",
    description:
      "In the order of their ids, which begin with the time they were made at, so that pages stay as they are while others " +
      "are enrolled. With `externalId` the one who was enrolled with it, also if just now, or nobody.",
    params: { programme: programmeCode },
    query: {
      consistency,
      token: token.optional(),
      externalId: externalId.optional().meta({
        description:
          "The caller's own id of a member, in full. No other search: ids are kept as keyed hashes.",
      }),
      limit: pageSize(100, 1_000),
      cursor: cursor(z.tuple([z.uuid()])).optional(),
    },
    responses: {
      200: {
        description: "A page of members.",
        schema: z.strictObject({
          parked: z.int().meta({
            description:
              "Members of the programme that are not listed, since their enrolment cannot be read: an operator's matter.",
          }),
          cut: cutSchema,
          items: z.array(memberAnswer),
          next: z.string().optional(),
        }),
      },
    },
    problems: [
      "programme_unknown",
      "conflicting_fields",
      "malformed_token",
      "token_beyond_log",
      "read_model_behind",
    ],
  },
} as const;

export function memberBody({ id, enrolledAt }: Pick<Member, "id" | "enrolledAt">): MemberAnswer {
  return { member: id, enrolledAt: fields.formatInstant(enrolledAt) };
}
