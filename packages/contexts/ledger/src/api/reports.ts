import { cutSchema, fields } from "@taem/http";
import { z } from "zod";
import { currencyQuery, programmeParams, reportQuery, viewProblems } from "./view.ts";

const { instant, localDate, total } = fields;

const reportHead = {
  programme: z.string(),
  singleHanded: z.boolean().meta({
    description:
      "Whether one person could do, by then, what else takes two: nobody else need have seen what is behind the figures.",
  }),
  at: instant.meta({
    description:
      "The instant that the report is true at, on the programme's business clock; with `through` the one at which the day is over.",
  }),
  asOf: instant.optional(),
  through: localDate.optional(),
  knownAt: instant.optional(),
  forecast: z
    .boolean()
    .meta({ description: "`at` lies ahead of the clock: what comes in until then is not known yet." }),
  cut: cutSchema,
  parked: z.int().meta({
    description:
      "Accounts that have events which cannot be read, and are counted only up to these: `lacks` names the first hundred.",
  }),
  lacks: z.array(z.strictObject({ member: z.string(), currency: z.string(), since: z.string() })).meta({
    description: "Of the parked accounts the first hundred, each with the position that it is counted up to.",
  }),
};

const currencyHead = { currency: z.string(), scale: z.int() };

const ledgerAccount = z.strictObject({
  account: z.string(),
  debit: total,
  credit: total,
  balance: total.meta({ description: "Debit less credit: what is owed has a balance below zero." }),
  postings: z.int(),
});

const notSwept = z.strictObject({ expired: total, debtRepaid: total, recovered: total }).meta({
  description:
    "A memo of the present log, outside the cut: what time has done within it, to whatever has been earned by now, and no event " +
    "says yet. The next sweep writes it, and changes no other figure.",
});

const trialBalanceAnswer = z.strictObject({
  ...reportHead,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      accounts: z.array(ledgerAccount),
      totals: z
        .strictObject({ debit: total, credit: total, balance: total })
        .meta({ description: "Sums of the columns; the balances sum to zero." }),
      notSwept,
    }),
  ),
});

const outstandingAnswer = z.strictObject({
  ...reportHead,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      outstanding: total.meta({
        description: "What is owed: without what is due, the same as in the ledger.",
      }),
      held: total.meta({ description: "Of it: named by open holds, and not available yet." }),
      pending: total,
      debt: total.meta({ description: "Owed back by members; never netted." }),
      accounts: z.int(),
      ledger: z.array(ledgerAccount),
      expiry: z.strictObject({
        heldPastExpiry: total.meta({ description: "Expired, but named by open holds." }),
        months: z
          .array(z.strictObject({ month: z.string().nullable(), months: z.int().nullable(), points: total }))
          .meta({
            description:
              "By the local month of the last valid day; `months` until then, 0 = the report's own; null = never.",
          }),
      }),
      largest: z.array(z.strictObject({ member: z.string(), outstanding: total, debt: total })),
      notSwept,
    }),
  ),
});

const PROGRAMME = "/v1/programmes/{programme}";
const declared = { method: "GET", permission: "finance", tag: "reports", params: programmeParams } as const;
const query = { ...currencyQuery, ...reportQuery };
const problems = [...viewProblems, "conflicting_fields", "malformed_value", "overloaded"] as const;

const rolled = z.strictObject({
  opening: total,
  lines: z.array(z.strictObject({ line: z.string(), of: z.string().nullable(), points: total })).meta({
    description:
      "Changes of the balance by what they are, and of which source, redemption kind or reason: opening and they add up to closing.",
  }),
  closing: total,
});
const rolledBalances = {
  outstanding: rolled,
  debt: rolled.meta({ description: "What members owe back." }),
  waived: rolled.meta({
    description:
      "What returns have left with members, by policy, and took when it came back: a memorandum that moves no points.",
  }),
};

const rollForwardAnswer = z.strictObject({
  ...reportHead,
  from: localDate,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      total: z.strictObject(rolledBalances),
      periods: z
        .array(z.strictObject({ period: z.string(), ...rolledBalances }))
        .meta({ description: "Each month (2026-02) or day (2026-02-28) of the span; none by `span`." }),
      notSwept,
    }),
  ),
});

const { asOf: _asOf, through: _through, ...standpointQuery } = reportQuery;

const rollForwardQuery = {
  ...currencyQuery,
  ...standpointQuery,
  from: localDate.meta({ description: "The first accounting day." }),
  to: localDate.meta({ description: "The last accounting day, itself included." }),
  by: z
    .enum(["span", "month", "day"])
    .default("span")
    .meta({ description: "Which parts of the span to list too." }),
};

/** As a handler gets it. */
export type RollForwardQuery = {
  readonly [Name in keyof typeof rollForwardQuery]: z.output<(typeof rollForwardQuery)[Name]>;
};

const SAME =
  "What is due counts as expired or repaid, whether or not an event says so yet: asked for the same time and the same " +
  "position, every figure but `notSwept` is the same for ever. Time and memory are those of the programme's own accounts.";

/** What finance asks of a whole programme. */
export const reports = {
  trialBalance: {
    ...declared,
    path: `${PROGRAMME}/trial-balance`,
    summary: "The trial balance: every ledger account, by currency",
    description: `Debits are positive; the balances of a currency sum to zero. ${SAME}`,
    query,
    problems,
    responses: { 200: { description: "The trial balance.", schema: trialBalanceAnswer } },
  },
  outstanding: {
    ...declared,
    path: `${PROGRAMME}/outstanding`,
    summary: "What is owed: by ledger account, by month of expiry, and to whom most",
    description: `outstanding = heldPastExpiry + the months. ${SAME}`,
    query: { ...query, largest: fields.pageSize(10, 100, "Accounts that owe most to tell of") },
    problems,
    responses: { 200: { description: "What is owed.", schema: outstandingAnswer } },
  },
  rollForward: {
    ...declared,
    path: `${PROGRAMME}/roll-forward`,
    summary: "How what is owed has changed over a span of accounting days",
    description:
      "Opening, earned by source, reversed, burned by kind, transferred, adjusted, expired, set off against debt, closing; of what is " +
      `owed, of debt, and of what was waived. Closing is the trial balance through the same day. ${SAME}`,
    query: rollForwardQuery,
    problems: [...problems, "value_out_of_range"],
    responses: { 200: { description: "The roll-forward.", schema: rollForwardAnswer } },
  },
} as const;
