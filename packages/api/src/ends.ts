import { fields } from "@taem/http";

/** An instant that ends something, in an answer: it is exclusive, says so, and has beside it the last day before it. */

/** What describes such an instant. */
export function ending(what: string) {
  return {
    description: `${what} Exclusive: at this instant it is over. \`lastDay\` is the last day before.`,
  };
}

const described = {
  description:
    "The last calendar day on which what ends beside it is still valid: that of the last instant before the end, in the " +
    "programme's zone. Null, or absent with it, where there is no end.",
};

export const lastDay = fields.localDate.meta(described);
export const lastDayOrNull = fields.localDate.nullable().meta(described);
