import { fields } from "@taem/http";
import { z } from "zod";
import { parkedCount, programmeParams, viewQuery } from "./view.ts";

const { localDate } = fields;
const { consistency, token } = viewQuery;

const day = (which: string) =>
  `Local day, by the server's time, of the ${which} of them; null = there is none.`;

const sourceItem = z.strictObject({
  system: z.string(),
  keys: z
    .enum(["account", "programme"])
    .meta({ description: "How far its keys reach; of a system that is not declared, `account`." }),
  declared: z.boolean(),
  retired: z.boolean(),
  commands: z
    .int()
    .meta({ description: "Commands that had an effect under its keys, as far as the read model has them." }),
  firstUsed: localDate.nullable().meta({ description: day("first") }),
  lastUsed: localDate.nullable().meta({ description: day("last") }),
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
