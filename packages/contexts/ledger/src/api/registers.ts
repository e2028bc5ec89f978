import { cursor, fields } from "@taem/http";
import { memberAnswer } from "@taem/member/api";
import { programmeItem } from "@taem/programme/api";
import { z } from "zod";
import { cutSchema, programmeParams, viewQuery } from "./view.ts";

const { consistency, externalId, pageSize } = fields;

function pageOf<S extends z.ZodType>(item: S) {
  return { cut: cutSchema, items: z.array(item), next: z.string().optional() };
}

const parked = z.int().meta({
  description:
    "Members of the programme that are not listed, since their enrolment cannot be read: an operator's matter.",
});

/** What there is: the programmes that a caller reaches, and a programme's members. */
export const registers = {
  programmes: {
    method: "GET",
    path: "/v1/programmes",
    permission: ["read", "define", "publish", "finance", "earn", "burn"],
    tag: "definitions",
    summary: "The programmes that the caller reaches",
    description: "By their codes; to a client that is bound to a programme, that one alone.",
    query: {
      consistency,
      limit: pageSize(50, 200),
      cursor: cursor(z.tuple([z.string().max(200)])).optional(),
    },
    responses: {
      200: { description: "A page of programmes.", schema: z.strictObject(pageOf(programmeItem)) },
    },
    problems: ["read_model_behind"],
  },
  members: {
    method: "GET",
    path: "/v1/programmes/{programme}/members",
    permission: ["read", "finance"],
    tag: "members",
    summary: "The members of a programme, newest first",
    description:
      "In the order of their ids, which begin with the time they were made at, so that pages stay as they are while others " +
      "are enrolled. With `externalId` the one who was enrolled with it, also if just now, or nobody.",
    params: programmeParams,
    query: {
      consistency,
      token: viewQuery.token,
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
        schema: z.strictObject({ parked, ...pageOf(memberAnswer) }),
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
