import type { BulkLine } from "@taem/client";
import { type CellOf, columnReader } from "./columns.ts";
import { decimalReader } from "./decimal.ts";
import type { Kind, Mapping } from "./mapping.ts";
import { Ignored, Rejection, shown } from "./reject-reasons.ts";
import { memberReader, type RowKeysOptions, rowKeys, systemOf } from "./row-ids.ts";
import { expiryReader, timeReader } from "./row-times.ts";
import type { TableRow } from "./table.ts";
import { plainBlanks } from "./text.ts";

export type Command = Extract<BulkLine, { readonly op: "earn" | "reverse" }>;

/** A row as the ledger will be asked for it. */
export interface Transaction {
  readonly kind: Kind;
  /** The caller's own id. */
  readonly member: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  /** Of an opening balance: when it expires, in milliseconds since the epoch; null is never, undefined as its currency says. */
  readonly expiresAt?: number | null | undefined;
  readonly command: Command;
}

/** What a row comes to. */
export type Outcome = Transaction | Rejection | Ignored;

export function isTransaction(outcome: Outcome): outcome is Transaction {
  return !(outcome instanceof Rejection || outcome instanceof Ignored);
}

export interface RowReaderOptions extends RowKeysOptions {
  readonly header: readonly string[];
  /** Of the programme, for local times whose zone the mapping does not say. */
  readonly zone: string;
  /** Milliseconds since the epoch: later rows are rejected. */
  readonly latest: number;
}

export type RowReader = (row: TableRow) => Outcome;

/**
 * Turns the rows of one file into transactions by the mapping; it remembers their keys, so every row is read once.
 * Throws a `UsageError` if the header lacks a column.
 */
export function rowReader(options: RowReaderOptions): RowReader {
  const { mapping, header } = options;
  const cellOf = columnReader(mapping, header);
  const passedOver = conditionReader(mapping, cellOf);
  const kindOf = kindReader(mapping, cellOf);
  const memberOf = memberReader(mapping, cellOf);
  const keys = rowKeys(options, cellOf);
  const amountOf = amountReader(mapping, cellOf);
  const timeOf = timeReader(options, cellOf);
  const expiryOf = expiryReader(options, cellOf);
  const system = systemOf(mapping, options.keylessBy);
  return (row) => {
    if (row.ignored !== undefined) return new Ignored(row.ignored);
    const fault = structuralFault(row, header) ?? passedOver(row.cells);
    if (fault !== undefined) return fault;
    const { cells } = row;
    const amount = amountOf(cells);
    const kind = kindOf(cells, amount);
    if (kind instanceof Rejection) return kind;
    const member = memberOf(cells);
    if (member instanceof Rejection) return member;
    const key = keys.read(cells);
    if (key instanceof Rejection) return key;
    const units = unitsOf(kind, amount, mapping);
    if (units instanceof Rejection) return units;
    const occurredAt = timeOf(cells);
    if (occurredAt instanceof Rejection) return occurredAt;
    const expiresAt = kind === "opening_balance" ? expiryOf(cells, occurredAt) : undefined;
    if (expiresAt instanceof Rejection) return expiresAt;
    const id = keys.claim(row, member, key);
    if (id instanceof Rejection) return id;
    const source = { system, id };
    const command = commandOf(mapping, { kind, member, source, units, occurredAt, expiresAt });
    return { kind, member, occurredAt, expiresAt, command };
  };
}

function structuralFault({ cells, fault }: TableRow, header: readonly string[]): Rejection | undefined {
  if (fault !== undefined) return new Rejection(fault.reason, fault.detail);
  if (cells.length === header.length) return undefined;
  return new Rejection("wrong_column_count", `${cells.length} cells instead of ${header.length}`);
}

/** Whether the mapping's conditions leave a row out: all of `only` must hold, and none of `skip`. */
function conditionReader({ only, skip }: Mapping, cellOf: CellOf) {
  const holds = ({ column, values }: Mapping["only"][number]) => {
    const wanted = new Set(values.map(plainBlanks));
    return (cells: readonly string[]) => wanted.has(plainBlanks(cellOf(cells, column)));
  };
  const [all, none] = [only.map(holds), skip.map(holds)];
  return (cells: readonly string[]): Ignored | undefined => {
    if (!all.every((condition) => condition(cells))) return new Ignored("only");
    return none.some((condition) => condition(cells)) ? new Ignored("skip") : undefined;
  };
}

function kindReader({ kind: by }: Mapping, cellOf: CellOf) {
  return (cells: readonly string[], units: bigint | Rejection): Kind | Rejection => {
    switch (by.by) {
      case "constant":
        return by.kind;
      case "sign":
        return !(units instanceof Rejection) && units < 0n ? "reversal" : "earn";
      case "column": {
        const value = plainBlanks(cellOf(cells, by.column));
        const known = Object.hasOwn(by.values, value) ? by.values[value] : undefined;
        return known ?? new Rejection("unknown_kind", `${shown(value)} in column ${by.column}`);
      }
    }
  };
}

function amountReader({ amount }: Mapping, cellOf: CellOf) {
  const read = decimalReader(amount);
  return (cells: readonly string[]) => read(cellOf(cells, amount.column));
}

/** The magnitude of an amount whose sign fits the kind. */
function unitsOf(kind: Kind, amount: bigint | Rejection, { amount: { zero }, kind: by }: Mapping) {
  if (amount instanceof Rejection) return amount;
  if (amount === 0n) {
    return zero === "take" && kind === "earn" ? amount : new Rejection("zero_amount", "the amount is zero");
  }
  const isNegative = amount < 0n;
  const wanted = kind === "reversal" && (by.by === "sign" || by.reversals === "negative");
  if (isNegative !== wanted) {
    return new Rejection("wrong_sign", `a row of kind ${kind} has the amount ${amount} in minor units`);
  }
  return isNegative ? -amount : amount;
}

interface Read {
  readonly kind: Kind;
  readonly member: string;
  readonly source: { readonly system: string; readonly id: string };
  readonly units: bigint;
  readonly occurredAt: number;
  readonly expiresAt: number | null | undefined;
}

const REASONS = { earn: "purchase", reversal: "return", opening_balance: "opening_balance" } as const;

function commandOf(mapping: Mapping, { kind, member, source, units, occurredAt, expiresAt }: Read): Command {
  const { points: currency, spend, reasons } = mapping;
  const common = {
    member: `ext:${member}`,
    currency,
    occurredAt: new Date(occurredAt).toISOString(),
    source,
    reason: reasons[kind] ?? REASONS[kind],
  };
  const amount = String(units);
  if (kind === "reversal") {
    return spend === undefined
      ? { op: "reverse", ...common, points: amount }
      : { op: "reverse", ...common, spend: { amount, rule: spend.rule } };
  }
  if (spend !== undefined) return { op: "earn", ...common, spend: { amount, ...spend } };
  const ends = typeof expiresAt === "number" ? new Date(expiresAt).toISOString() : expiresAt;
  return { op: "earn", ...common, points: amount, ...(ends === undefined ? {} : { expiresAt: ends }) };
}
