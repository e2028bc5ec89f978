import type { BulkLine } from "@taem/client";
import { decimalReader } from "./decimal.ts";
import type { FileRow } from "./file-rows.ts";
import { type Column, columnsOf, type Kind, type Mapping, UsageError } from "./mapping.ts";
import { Rejection, shown } from "./reject-reasons.ts";
import { dayEndReader, instantReader, timeFormat } from "./time-format.ts";

export type Command = Extract<BulkLine, { readonly op: "earn" | "reverse" }>;

/** A row as the ledger will be asked for it. */
export interface Transaction {
  readonly kind: Kind;
  /** The caller's own id. */
  readonly member: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly command: Command;
}

/** What makes a row this row, where the mapping has no key columns. */
export interface Identity {
  /** Of the cells, in hexadecimal. */
  readonly content: string;
  /** Among identical rows, from 1. */
  readonly ordinal: number;
}

export interface RowReaderOptions {
  readonly mapping: Mapping;
  readonly header: readonly string[];
  /** Of the programme, for local times whose zone the mapping does not say. */
  readonly zone: string;
  /** Milliseconds since the epoch: later rows are rejected. */
  readonly latest: number;
  readonly duplicates: "keep" | "reject";
}

export type RowReader = (row: FileRow, identity: Identity) => Transaction | Rejection;

const MAX_MEMBER = 128;
const MAX_KEY = 200;
/** A cell that was not valid in the file's encoding has it. */
const REPLACEMENT = "\uFFFD";

/** Turns rows into transactions by the mapping. Throws a `UsageError` if the header lacks a column. */
export function rowReader(options: RowReaderOptions): RowReader {
  const { mapping, header, duplicates } = options;
  const cellOf = columnReader(mapping, header);
  const kindOf = kindReader(mapping, cellOf);
  const memberOf = idReader("member", "no_member", MAX_MEMBER, [mapping.member], cellOf);
  const keyOf = keyReader(mapping, cellOf);
  const amountOf = amountReader(mapping, cellOf);
  const timeOf = timeReader(options, cellOf);
  const expiryOf = expiryReader(options, cellOf);
  return (row, identity) => {
    const fault = structuralFault(row, header);
    if (fault !== undefined) return fault;
    const { cells } = row;
    const amount = amountOf(cells);
    const kind = kindOf(cells, amount);
    if (kind instanceof Rejection) return kind;
    const member = memberOf(cells);
    if (member instanceof Rejection) return member;
    const id = keyOf(cells, identity);
    if (id instanceof Rejection) return id;
    const units = unitsOf(kind, amount, mapping);
    if (units instanceof Rejection) return units;
    const occurredAt = timeOf(cells);
    if (occurredAt instanceof Rejection) return occurredAt;
    const expiresAt = kind === "opening_balance" ? expiryOf(cells) : undefined;
    if (expiresAt instanceof Rejection) return expiresAt;
    if (duplicates === "reject" && identity.ordinal > 1) {
      return new Rejection("duplicate", `identical row number ${identity.ordinal}`);
    }
    const command = commandOf(mapping, { kind, member, id, units, occurredAt, expiresAt });
    return { kind, member, occurredAt, command };
  };
}

type CellOf = (cells: readonly string[], column: Column) => string;

function columnReader(mapping: Mapping, header: readonly string[]): CellOf {
  const positions = new Map<Column, number>();
  for (const [path, column] of columnsOf(mapping)) {
    const position = typeof column === "number" ? column - 1 : header.indexOf(column);
    const place = `mapping ${path.join(".")}`;
    if (position < 0 || position >= header.length) {
      const there = mapping.file.header
        ? `the header has ${header.map(shown).join(", ")}`
        : `the first row has ${header.length}`;
      throw new UsageError("column_unknown", `${place}: there is no column ${column}; ${there}`);
    }
    if (typeof column === "string" && header.indexOf(column, position + 1) !== -1) {
      throw new UsageError("column_unknown", `${place}: the header has ${column} twice; name its position`);
    }
    positions.set(column, position);
  }
  return (cells, column) => cells[positions.get(column) as number] as string;
}

function structuralFault({ cells, cutOff }: FileRow, header: readonly string[]): Rejection | undefined {
  if (cutOff) return new Rejection("quote_not_closed", "the file ends inside a quoted cell");
  if (cells.length === header.length) return undefined;
  return new Rejection("wrong_column_count", `${cells.length} cells instead of ${header.length}`);
}

function kindReader({ kind: by }: Mapping, cellOf: CellOf) {
  return (cells: readonly string[], units: bigint | Rejection): Kind | Rejection => {
    switch (by.by) {
      case "constant":
        return by.kind;
      case "sign":
        return !(units instanceof Rejection) && units < 0n ? "reversal" : "earn";
      case "column": {
        const value = cellOf(cells, by.column);
        const known = Object.hasOwn(by.values, value) ? by.values[value] : undefined;
        return known ?? new Rejection("unknown_kind", `${shown(value)} in column ${by.column}`);
      }
    }
  };
}

function idReader(
  what: string,
  whenEmpty: "no_member" | "no_key",
  maxLength: number,
  columns: readonly Column[],
  cellOf: CellOf,
) {
  return (cells: readonly string[]): string | Rejection => {
    const parts = columns.map((column) => cellOf(cells, column));
    if (parts.includes("")) return new Rejection(whenEmpty, `column ${columns[parts.indexOf("")]} is empty`);
    const id = joined(parts);
    if (id.includes(REPLACEMENT)) return new Rejection("malformed_text", `${what} ${shown(id)}`);
    if (id.length > maxLength)
      return new Rejection("malformed_id", `${what} ${shown(id)} is longer than ${maxLength}`);
    return id;
  };
}

/** Several cells as one id, so that no two rows meet in it: `a|b` and `c` is `a%7Cb|c`. */
function joined(parts: readonly string[]): string {
  const [only] = parts;
  if (parts.length === 1) return only as string;
  return parts.map((part) => part.replaceAll("%", "%25").replaceAll("|", "%7C")).join("|");
}

function keyReader({ key }: Mapping, cellOf: CellOf) {
  if (key === undefined) {
    return (_: readonly string[], { content, ordinal }: Identity) => `row-${content}-${ordinal}`;
  }
  return idReader("key", "no_key", MAX_KEY, key.columns, cellOf);
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

function timeReader({ mapping: { time }, zone, latest }: RowReaderOptions, cellOf: CellOf) {
  if ("at" in time) {
    const at = Date.parse(time.at);
    const taken = at > latest ? new Rejection("time_in_future", `${time.at} has not been yet`) : at;
    return () => taken;
  }
  const read = instantReader(timeFormat(time.format), time.zone ?? zone);
  return (cells: readonly string[]): number | Rejection => {
    const cell = cellOf(cells, time.column);
    const at = read(cell);
    if (at === undefined) return new Rejection("malformed_time", `${shown(cell)} is not ${time.format}`);
    return at > latest ? new Rejection("time_in_future", `${shown(cell)} has not been yet`) : at;
  };
}

function expiryReader({ mapping: { expiry }, zone }: RowReaderOptions, cellOf: CellOf) {
  if (expiry === undefined) return () => undefined;
  const format = timeFormat(expiry.format);
  const read = (expiry.means === "last_day" ? dayEndReader : instantReader)(format, expiry.zone ?? zone);
  const whenEmpty = {
    reject: new Rejection("no_expiry", `column ${expiry.column} is empty`),
    never: null,
    by_policy: undefined,
  }[expiry.empty];
  return (cells: readonly string[]): number | null | undefined | Rejection => {
    const cell = cellOf(cells, expiry.column);
    if (cell === "") return whenEmpty;
    return read(cell) ?? new Rejection("malformed_expiry", `${shown(cell)} is not ${expiry.format}`);
  };
}

interface Read {
  readonly kind: Kind;
  readonly member: string;
  readonly id: string;
  readonly units: bigint;
  readonly occurredAt: number;
  readonly expiresAt: number | null | undefined;
}

const REASONS = { earn: "purchase", reversal: "return", opening_balance: "opening_balance" } as const;

function commandOf(mapping: Mapping, { kind, member, id, units, occurredAt, expiresAt }: Read): Command {
  const { points: currency, spend, system, reasons } = mapping;
  const common = {
    member: `ext:${member}`,
    currency,
    occurredAt: new Date(occurredAt).toISOString(),
    source: { system, id },
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
