import { fields } from "@taem/http";
import { z } from "zod";
import { currencyQuery, cutSchema, programmeParams, reportQuery, viewProblems } from "./view.ts";

const { instant, localDate, total } = fields;

const reportHead = {
  programme: z.string(),
  /** Whether one person could do, by then, what else takes two: nobody else need have seen what is behind the figures. */
  singleHanded: z.boolean(),
  /** The instant that the report is true at, on the programme's business clock; with `through` the first after the day, exclusive. */
  at: instant,
  asOf: instant.optional(),
  through: localDate.optional(),
  knownAt: instant.optional(),
  /** `at` lies ahead of the clock: what comes in until then is not known yet. */
  forecast: z.boolean(),
  cut: cutSchema,
  /** Accounts that have events which cannot be read, and are counted only up to these: `lacks` names the first hundred. */
  parked: z.int(),
  lacks: z.array(z.strictObject({ member: z.string(), currency: z.string(), since: z.string() })),
};

const currencyHead = { currency: z.string(), scale: z.int() };

const ledgerAccount = z.strictObject({
  account: z.string(),
  debit: total,
  credit: total,
  /** Debit less credit: what is owed has a balance below zero. */
  balance: total,
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
      /** Sums of the columns; the balances sum to zero. */
      totals: z.strictObject({ debit: total, credit: total, balance: total }),
      notSwept,
    }),
  ),
});

const outstandingAnswer = z.strictObject({
  ...reportHead,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      /** What is owed: without what is due, the same as in the ledger. */
      outstanding: total,
      /** Of it: named by open holds, and not available yet. */
      held: total,
      pending: total,
      /** Owed back by members; never netted. */
      debt: total,
      accounts: z.int(),
      ledger: z.array(ledgerAccount),
      expiry: z.strictObject({
        /** Expired, but named by open holds. */
        heldPastExpiry: total,
        /** `months` until the local month of the last valid day, 0 = the report's own; null = never. */
        months: z.array(
          z.strictObject({ month: z.string().nullable(), months: z.int().nullable(), points: total }),
        ),
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
  /** Changes of the balance by what they are, and of which source, redemption kind or reason: opening and they add up to closing. */
  lines: z.array(z.strictObject({ line: z.string(), of: z.string().nullable(), points: total })),
  closing: total,
});
const rolledBalances = {
  outstanding: rolled,
  /** What members owe back. */
  debt: rolled,
  /** What returns have left with members, by policy, and took when it came back: a memorandum that moves no points. */
  waived: rolled,
};

const rollForwardAnswer = z.strictObject({
  ...reportHead,
  from: localDate,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      total: z.strictObject(rolledBalances),
      /** Each month (2026-02) or day (2026-02-28) of the span; none by `span`. */
      periods: z.array(z.strictObject({ period: z.string(), ...rolledBalances })),
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
