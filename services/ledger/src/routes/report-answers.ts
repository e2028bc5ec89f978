import type { RouteAnswer } from "@taem/api";
import type { Currency } from "@taem/domain";
import type { Outstanding } from "../queries/outstanding.ts";
import type { LedgerAccount } from "../queries/trial-balance.ts";

type TrialBalanceBody = RouteAnswer<"GET /v1/programmes/{programme}/trial-balance">["currencies"][number];
type OutstandingBody = RouteAnswer<"GET /v1/programmes/{programme}/outstanding">["currencies"][number];

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
