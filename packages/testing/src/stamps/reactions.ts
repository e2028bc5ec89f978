import { defineReactor, send } from "@taem/processing";
import { createCatalogue, defineEvents, text } from "@taem/schema";
import { card } from "./events.ts";

/** Five stamps at once win another one. */
export const bonuses = defineReactor({
  name: "bonuses",
  version: 1,
  catalogue: createCatalogue([card]),
  commands: defineEvents({ AddBonus: { programme: text, member: text, of: text } }),
  react: ({ event: { programme, member, stamps }, record }) =>
    stamps === 5 ? [send({ type: "AddBonus", programme, member, of: record.id })] : [],
});
