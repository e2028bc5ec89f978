import { z } from "zod";

/** What every answer of a read model says about itself. */
export const cutSchema = z
  .strictObject({
    position: z.string(),
    through: z.string(),
    definitionVersion: z.int(),
  })
  .meta({
    id: "Cut",
    description:
      "What the answer knows: every event up to `position`, none after `through`, counted by that version of the definitions.",
  });
