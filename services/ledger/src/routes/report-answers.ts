import type { Currency } from "@taem/domain";
import { fields } from "@taem/http";
import { z } from "zod";
import type { Outstanding } from "../queries/outstanding.ts";
import type { LedgerAccount } from "../queries/trial-balance.ts";
import { cutSchema } from "./answers.ts";

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

export const trialBalanceAnswer = z.strictObject({
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

export const outstandingAnswer = z.strictObject({
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

type TrialBalanceBody = z.input<typeof trialBalanceAnswer>["currencies"][number];
type OutstandingBody = z.input<typeof outstandingAnswer>["currencies"][number];

export function ledgerBody({ code, scale }: Currency, all: readonly LedgerAccount[]): TrialBalanceBody {
  const accounts = all.filter(({ currency }) => currency === code);
  const debit = sum(accounts, (account) => account.debit);
  const credit = sum(accounts, (account) => account.credit);
  return {
    currency: code,
    scale,
    accounts: accounts.map(accountBody),
    totals: { debit: String(debit), credit: String(credit), balance: String(debit - credit) },
  };
}

export function outstandingBody(
  currency: Currency,
  { tally, largest }: Outstanding,
  accounts: readonly LedgerAccount[],
): OutstandingBody {
  return {
    currency: currency.code,
    scale: currency.scale,
    book: String(tally.book),
    due: String(tally.due),
    outstanding: String(tally.book - tally.due),
    held: String(tally.held),
    pending: String(tally.pending),
    debt: String(tally.debt),
    accounts: tally.accounts,
    ledger: accounts.filter((account) => account.currency === currency.code).map(accountBody),
    expiry: {
      heldPastExpiry: String(tally.heldPastExpiry),
      months: tally
        .months()
        .map(({ month = null, months = null, amount }) => ({ month, months, points: String(amount) })),
    },
    largest: largest.map(({ member, book, debt }) => ({ member, book: String(book), debt: String(debt) })),
  };
}

function accountBody({ account, debit, credit, postings }: LedgerAccount) {
  return {
    account,
    debit: String(debit),
    credit: String(credit),
    balance: String(debit - credit),
    postings,
  };
}

function sum(accounts: readonly LedgerAccount[], of: (account: LedgerAccount) => bigint): bigint {
  return accounts.reduce((total, account) => total + of(account), 0n);
}
