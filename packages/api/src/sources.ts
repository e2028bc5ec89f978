import { fields } from "@taem/http";
import { z } from "zod";
import { parkedCount, programmeParams, viewQuery } from "./view.ts";

const { localDate } = fields;
const { consistency, token } = viewQuery;

const sourceItem = z.strictObject({
  system: z.string(),
  /** How far its keys reach; of a system that is not declared, `account`. */
  keys: z.enum(["account", "programme"]),
  declared: z.boolean(),
  retired: z.boolean(),
  /** Commands that had an effect under its keys, as far as the read model has them. */
  commands: z.int(),
  /** Local days, by the server's time, of the first and the last of them; null = there is none. */
  firstUsed: localDate.nullable(),
  lastUsed: localDate.nullable(),
});

/** Source systems: those that are declared, and those that commands were done under. */
export const sources = {
  list: {
    method: "GET",
    path: "/v1/programmes/{programme}/sources",
    permission: ["define", "finance", "read"],
    tag: "definitions",
    summary: "The source systems of a programme, declared or in use",
    params: programmeParams,
    query: { consistency, token },
    responses: {
      200: {
        description: "The systems, by name.",
        schema: z.strictObject({ parked: parkedCount, items: z.array(sourceItem) }),
      },
    },
    problems: ["programme_unknown", "read_model_behind", "token_beyond_log"],
  },
} as const;
