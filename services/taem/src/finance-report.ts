import type { Client, RouteAnswer } from "@taem/client";
import { localDate } from "@taem/kernel";
import { type Column, table } from "./text-table.ts";

/** What a finance person wants to see first, read from the API like everyone else does. */

const OUTSTANDING = "GET /v1/programmes/{programme}/outstanding";

const PROGRAMME = "GET /v1/programmes/{programme}";
const ROLL_FORWARD = "GET /v1/programmes/{programme}/roll-forward";

type Outstanding = RouteAnswer<typeof OUTSTANDING>["currencies"][number];
type Rolled = RouteAnswer<typeof ROLL_FORWARD>["currencies"][number];
type RolledLine = Rolled["total"]["outstanding"]["lines"][number];
type LedgerAccount = Outstanding["ledger"][number];

/**
 * Trial balance, outstanding points with their expiry profile, largest accounts, and how a year led there. Lines of
 * text, all of one position of the log, with all that has happened.
 */
export async function financeReport(client: Client, programme: string): Promise<string[]> {
  const query = { consistency: "strong" } as const;
  const { at, cut, currencies } = await client.call(OUTSTANDING, { params: { programme }, query });
  const { zone } = await client.call(PROGRAMME, { params: { programme } });
  const to = localDate(zone, Date.parse(at));
  const from = `${Number(to.slice(0, 4)) - 1}${to.slice(4, 7)}-01`;
  const span = { from, to, position: cut.position };
  const year = await client.call(ROLL_FORWARD, { params: { programme }, query: span });
  return [
    `Programme ${programme} at ${at}, log position ${cut.position.replace(/^0+/, "")}`,
    ...currencies.flatMap((currency) => [...trialBalance(currency), ...outstanding(currency)]),
    ...year.currencies.flatMap((currency) => rollForward(currency, from, to)),
  ];
}

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });

function trialBalance({ currency, ledger }: Outstanding): string[] {
  const rows = ledger.map(({ account, debit, credit, balance }) => [account, debit, credit, balance]);
  const sums = ["total", ...(["debit", "credit", "balance"] as const).map((column) => sum(ledger, column))];
  const columns = [left("ledger account"), right("debit"), right("credit"), right("balance")];
  return ["", `Trial balance, ${currency}`, ...table(columns, [...rows, sums].map(grouped))];
}

function sum(ledger: readonly LedgerAccount[], column: "debit" | "credit" | "balance"): string {
  return String(ledger.reduce((all, account) => all + BigInt(account[column]), 0n));
}

function outstanding(owed: Outstanding): string[] {
  const { currency, accounts, expiry, largest } = owed;
  const summary = [
    ["outstanding", owed.outstanding],
    ["of it on hold", owed.held],
    ["of it pending", owed.pending],
    ["owed back by members (debt)", owed.debt],
    ["expired or repaid, not yet swept", notSwept(owed)],
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
      largest.map((account) => grouped([account.member, account.outstanding, account.debt])),
    ),
  ];
}

/** What is owed to members beside what they owe back: a return of points that are gone is in the second. */
function rollForward({ currency, total }: Rolled, from: string, to: string): string[] {
  const { outstanding: owed, debt } = total;
  const nameOf = ({ line, of }: RolledLine) => [line.replaceAll("_", " "), of].filter(Boolean).join(" ");
  const names = new Set([...owed.lines, ...debt.lines].map(nameOf));
  const pointsOf = (lines: readonly RolledLine[], name: string) =>
    lines.find((line) => nameOf(line) === name)?.points ?? "0";
  const rows = [
    ["opening", owed.opening, debt.opening],
    ...[...names].map((name) => [name, pointsOf(owed.lines, name), pointsOf(debt.lines, name)]),
    ["closing", owed.closing, debt.closing],
  ];
  return [
    "",
    `Roll-forward, ${currency}, accounting days ${from} to ${to}`,
    ...table([left(""), right("outstanding"), right("debt")], rows.map(grouped)),
  ];
}

function notSwept({ notSwept: { expired, debtRepaid, recovered } }: Outstanding): string {
  return String(BigInt(expired) + BigInt(debtRepaid) + BigInt(recovered));
}

/** Thousands separated in whatever is an amount. */
function grouped(row: readonly string[]): string[] {
  return row.map((cell) => (/^-?\d+$/.test(cell) ? BigInt(cell).toLocaleString("en-US") : cell));
}
