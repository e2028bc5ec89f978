import { fields, token } from "@taem/http";
import { z } from "zod";

const { consistency, currencyCode, instant, localDate, memberRef, programmeCode } = fields;

/** What queries have in common. */

export const programmeParams = { programme: programmeCode };
export const memberParams = { programme: programmeCode, member: memberRef };

/** What every query may be asked with. */
export const viewQuery = {
  asOf: instant
    .optional()
    .meta({ description: "What was effective by then: as if the question had been asked at that instant." }),
  knownAt: instant
    .optional()
    .meta({ description: "What had been recorded by then: later corrections are left out." }),
  consistency,
  token: token.optional(),
};

/** What every report may be asked with: `asOf` or `through`, or neither for now. */
export const reportQuery = {
  ...viewQuery,
  through: localDate.optional().meta({
    description:
      "What has an accounting date up to this local day, the day included: an expiry counts on the last day on which its " +
      "points were valid, all else on the local day of its effectiveAt. Lots and holds are judged as the day ends.",
  }),
  position: z
    .string()
    .regex(/^[0-9A-Za-z]{1,64}$/)
    .optional()
    .meta({ description: "Only what was recorded up to this position, as the cut of an answer names it." }),
};

export const currencyQuery = { currency: currencyCode.optional() };

/** As a handler gets it. */
export type ViewQuery = { readonly [Name in keyof typeof viewQuery]: z.output<(typeof viewQuery)[Name]> };

export type ReportQuery = {
  readonly [Name in keyof typeof reportQuery]: z.output<(typeof reportQuery)[Name]>;
} & { readonly [Name in keyof typeof currencyQuery]?: z.output<(typeof currencyQuery)[Name]> };

export const viewProblems = [
  "programme_unknown",
  "currency_unknown",
  "missing_field",
  "token_beyond_log",
  "read_model_behind",
] as const;
export const memberProblems = ["member_unknown", "account_parked", ...viewProblems] as const;

/** Of an answer that lists rows of the read model. */
export const parkedCount = z.int().meta({
  description:
    "Accounts of the programme that the read model has stopped following: what is listed of them may be old, or lack.",
});

export const parkedSchema = z.strictObject({ since: z.string() }).meta({
  id: "Parked",
  description:
    "The read model stopped following this account at that position: ask with consistency=strong. With a token of then or later the answer is 503 `account_parked`.",
});
