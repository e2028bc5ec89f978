import { fields } from "@taem/http";
import type { Instant } from "@taem/kernel";
import { lastDayOf, type Programme } from "@taem/programme/definitions";

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

/** An end under its name with its last day, as it is seen `at` an instant; undefined = it never ends. */
export function endBody<N extends string>(
  name: N,
  programme: Programme,
  end: Instant | null | undefined,
  at: Instant,
): { readonly [Name in N | "lastDay"]: string } | undefined {
  const day = lastDayOf(programme, end, at);
  if (typeof end !== "number" || day === undefined) return undefined;
  return { [name]: fields.formatInstant(end), lastDay: day } as { [Name in N | "lastDay"]: string };
}

/** As `endBody`, of what is null where it never ends. */
export function endBodyOrNull<N extends string>(
  name: N,
  programme: Programme,
  end: Instant | null | undefined,
  at: Instant,
): { readonly [Name in N | "lastDay"]: string | null } {
  const never = { [name]: null, lastDay: null } as { [Name in N | "lastDay"]: null };
  return endBody(name, programme, end, at) ?? never;
}
