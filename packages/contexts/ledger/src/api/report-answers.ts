import type { AnswerOf } from "@taem/http";
import { fields } from "@taem/http";
import type { TimesDoing } from "../queries/account-at-cut.ts";
import { cutAt } from "../queries/cut.ts";
import { type LedgerAccount, ledgerAccounts } from "../queries/posted.ts";
import type { CurrencyReport } from "../queries/report.ts";
import type { MadeReport } from "./report-desk.ts";
import type { reports } from "./reports.ts";
import type { ReportQuery } from "./view.ts";

type TrialBalance = AnswerOf<(typeof reports)["trialBalance"]>;
type Outstanding = AnswerOf<(typeof reports)["outstanding"]>;

/** Accounts that a report lacks are named up to so many. */
const NAMED = 100;

export function reportHead(
  { programme, cut, singleHanded, isForecast, reports }: MadeReport,
  { asOf, through, knownAt }: ReportQuery,
): Omit<TrialBalance, "currencies"> {
  const { formatInstant } = fields;
  const lacks = reports.flatMap(({ currency, lacks: some }) =>
    some.map(({ member, since }) => ({ member, currency: currency.code, since })),
  );
  return {
    programme: programme.code,
    singleHanded,
    at: formatInstant(cut.at),
    ...(asOf === undefined ? {} : { asOf: formatInstant(asOf) }),
    ...(through === undefined ? {} : { through }),
    ...(knownAt === undefined ? {} : { knownAt: formatInstant(knownAt) }),
    forecast: isForecast,
    cut: cutAt(cut.position),
    parked: lacks.length,
    lacks: lacks.slice(0, NAMED),
  };
}

export function ledgerBody({
  currency,
  pairs,
  notSwept,
}: CurrencyReport): TrialBalance["currencies"][number] {
  const ledger = ledgerAccounts(pairs);
  const debit = sum(ledger, (account) => account.debit);
  const credit = sum(ledger, (account) => account.credit);
  return {
    currency: currency.code,
    scale: currency.scale,
    accounts: ledger.map(accountBody),
    totals: { debit: String(debit), credit: String(credit), balance: String(debit - credit) },
    notSwept: notSweptBody(notSwept),
  };
}

export function outstandingBody({
  currency,
  pairs,
  tally,
  notSwept,
}: CurrencyReport): Outstanding["currencies"][number] {
  return {
    currency: currency.code,
    scale: currency.scale,
    outstanding: String(tally.outstanding),
    held: String(tally.held),
    pending: String(tally.pending),
    debt: String(tally.debt),
    accounts: tally.accounts,
    ledger: ledgerAccounts(pairs).map(accountBody),
    expiry: {
      heldPastExpiry: String(tally.heldPastExpiry),
      months: tally
        .months()
        .map(({ month = null, months = null, amount }) => ({ month, months, points: String(amount) })),
    },
    largest: tally.largest().map(({ member, outstanding, debt }) => ({
      member,
      outstanding: String(outstanding),
      debt: String(debt),
    })),
    notSwept: notSweptBody(notSwept),
  };
}

export function notSweptBody({ expired, debtRepaid, recovered }: TimesDoing) {
  return { expired: String(expired), debtRepaid: String(debtRepaid), recovered: String(recovered) };
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
