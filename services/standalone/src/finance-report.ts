import { type Column, table } from "./text-table.ts";

/** What a finance person wants to see first, read from the API like everyone else does. */

interface LedgerAccount {
  readonly account: string;
  readonly debit: string;
  readonly credit: string;
  readonly balance: string;
}

interface Outstanding {
  readonly at: string;
  readonly cut: { readonly position: string };
  readonly currencies: readonly {
    readonly currency: string;
    readonly book: string;
    readonly due: string;
    readonly outstanding: string;
    readonly held: string;
    readonly pending: string;
    readonly debt: string;
    readonly accounts: number;
    readonly ledger: readonly LedgerAccount[];
    readonly expiry: {
      readonly heldPastExpiry: string;
      readonly months: readonly { readonly month: string | null; readonly points: string }[];
    };
    readonly largest: readonly { readonly member: string; readonly book: string; readonly debt: string }[];
  }[];
}

/**
 * Trial balance, outstanding points with their expiry profile, largest accounts. Lines of text. One report gives all of
 * it, so that everything is of one cut.
 */
export async function financeReport(url: string, token: string, programme: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/programmes/${programme}/outstanding`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`the report could not be read: ${await answer.text()}`);
  const { at, cut, currencies } = (await answer.json()) as Outstanding;
  return [
    `Programme ${programme} at ${at}, log position ${Number(cut.position).toLocaleString("en-US")}`,
    ...currencies.flatMap((currency) => [...trialBalance(currency), ...outstanding(currency)]),
  ];
}

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });

function trialBalance({ currency, ledger }: Outstanding["currencies"][number]): string[] {
  const rows = ledger.map(({ account, debit, credit, balance }) => [account, debit, credit, balance]);
  const sums = ["total", ...(["debit", "credit", "balance"] as const).map((column) => sum(ledger, column))];
  const columns = [left("ledger account"), right("debit"), right("credit"), right("balance")];
  return ["", `Trial balance, ${currency}`, ...table(columns, [...rows, sums].map(grouped))];
}

function sum(ledger: readonly LedgerAccount[], column: "debit" | "credit" | "balance"): string {
  return String(ledger.reduce((all, account) => all + BigInt(account[column]), 0n));
}

function outstanding(owed: Outstanding["currencies"][number]): string[] {
  const { currency, accounts, expiry, largest } = owed;
  const summary = [
    ["owed by the ledger (book)", owed.book],
    ["due, not yet swept", owed.due],
    ["outstanding", owed.outstanding],
    ["of it on hold", owed.held],
    ["of it pending", owed.pending],
    ["owed back by members (debt)", owed.debt],
  ];
  const months = [
    ...expiry.months.map(({ month, points }) => [month ?? "never", points]),
    ["held past expiry", expiry.heldPastExpiry],
  ];
  return [
    "",
    `Outstanding, ${currency}, ${accounts.toLocaleString("en-US")} accounts`,
    ...table([left(""), right("points")], summary.map(grouped)),
    "",
    `Expiry profile, ${currency}: last valid month`,
    ...table([left("month"), right("points")], months.map(grouped)),
    "",
    `Largest accounts, ${currency}`,
    ...table(
      [left("member"), right("points"), right("debt")],
      largest.map(({ member, book, debt }) => grouped([member, book, debt])),
    ),
  ];
}

/** Thousands separated in whatever is an amount. */
function grouped(row: readonly string[]): string[] {
  return row.map((cell) => (/^-?\d+$/.test(cell) ? BigInt(cell).toLocaleString("en-US") : cell));
}
