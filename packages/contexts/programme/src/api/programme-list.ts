import { cursor, cutSchema, fields } from "@taem/http";
import { z } from "zod";
import { programmeItem } from "./definitions.ts";

export const programmeList = {
  programmes: {
    method: "GET",
    path: "/v1/programmes",
    permission: ["read", "define", "publish", "finance", "earn", "burn"],
    tag: "definitions",
    summary: "The programmes that the caller reaches",
    description: "By their codes; to a client that is bound to a programme, that one alone.",
    query: {
      consistency: fields.consistency,
      limit: fields.pageSize(50, 200),
      cursor: cursor(z.tuple([z.string().max(200)])).optional(),
    },
    responses: {
      200: {
        description: "A page of programmes.",
        schema: z.strictObject({
          cut: cutSchema,
          items: z.array(programmeItem),
          next: z.string().optional(),
        }),
      },
    },
    problems: ["read_model_behind"],
  },
} as const;
