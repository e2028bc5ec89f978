import { fields } from "@taem/http";
import { z } from "zod";
import { currencyQuery, cutSchema, programmeParams, viewProblems, viewQuery } from "./view.ts";

const { instant, total } = fields;

const reportHead = {
  programme: z.string(),
  /** The instant that the report is true at, on the programme's business clock. */
  at: instant,
  asOf: instant.optional(),
  knownAt: instant.optional(),
  cut: cutSchema,
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

const trialBalanceAnswer = z.strictObject({
  ...reportHead,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      accounts: z.array(ledgerAccount),
      /** Sums of the columns; the balances sum to zero. */
      totals: z.strictObject({ debit: total, credit: total, balance: total }),
    }),
  ),
});

const outstandingAnswer = z.strictObject({
  ...reportHead,
  currencies: z.array(
    z.strictObject({
      ...currencyHead,
      /** What the ledger owes: the sum of all lots. */
      book: total,
      /** Over by now, the event that says so still to come: counts as expired. */
      due: total,
      /** What is owed when that is done: book less due. */
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
      largest: z.array(z.strictObject({ member: z.string(), book: total, debt: total })),
    }),
  ),
});

const PROGRAMME = "/v1/programmes/{programme}";
const declared = { method: "GET", scope: "finance", tag: "reports", params: programmeParams } as const;
const query = { ...currencyQuery, ...viewQuery };

/** What finance asks of a whole programme. */
export const reports = {
  trialBalance: {
    ...declared,
    path: `${PROGRAMME}/trial-balance`,
    summary: "The trial balance: every ledger account, by currency",
    description: "Debits are positive; the balances of a currency sum to zero.",
    query,
    problems: viewProblems,
    responses: { 200: { description: "The trial balance.", schema: trialBalanceAnswer } },
  },
  outstanding: {
    ...declared,
    path: `${PROGRAMME}/outstanding`,
    summary: "What is owed: by ledger account, by month of expiry, and to whom most",
    description:
      "book = due + heldPastExpiry + the months. `due` is over by now, its event still to come: it counts as expired. " +
      "Of the past (`asOf`, `knownAt`) every account is folded from the log, which takes seconds for a million events.",
    query: { ...query, largest: fields.pageSize(10, 100) },
    problems: [...viewProblems, "overloaded"],
    responses: { 200: { description: "What is owed.", schema: outstandingAnswer } },
  },
} as const;
