import type { CellOf } from "./columns.ts";
import { contentHash, RowTable } from "./content-key.ts";
import { type Column, listed, type Mapping } from "./mapping.ts";
import { Rejection, type RejectReason, shown } from "./reject-reasons.ts";
import type { TableRow } from "./table.ts";

const MAX_MEMBER = 128;
const MAX_KEY = 200;
/** A cell that was not valid in the file's encoding has it. */
const REPLACEMENT = "\uFFFD";
/** How spreadsheets write a number with more digits than they keep. */
const SCIENTIFIC = /^[+-]?\d(?:[.,]\d+)?E\+\d+$/i;

interface IdKind {
  readonly what: string;
  readonly whenEmpty: RejectReason;
  readonly maxLength: number;
}

const MEMBER: IdKind = { what: "member", whenEmpty: "no_member", maxLength: MAX_MEMBER };
const KEY: IdKind = { what: "key", whenEmpty: "no_key", maxLength: MAX_KEY };

type IdOf = (cells: readonly string[]) => string | Rejection;

/** Reads the caller's own id of the member. */
export function memberReader(mapping: Mapping, cellOf: CellOf): IdOf {
  return idReader(MEMBER, [mapping.member], mapping, cellOf);
}

function idReader(
  { what, whenEmpty, maxLength }: IdKind,
  columns: readonly Column[],
  { ids }: Mapping,
  cellOf: CellOf,
): IdOf {
  return (cells) => {
    const parts = columns.map((column) => cellOf(cells, column));
    if (parts.includes("")) return new Rejection(whenEmpty, `column ${columns[parts.indexOf("")]} is empty`);
    const cut = ids.scientific === "reject" ? parts.find((part) => SCIENTIFIC.test(part)) : undefined;
    if (cut !== undefined) return new Rejection("scientific_id", `${what} ${shown(cut)}`);
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

/**
 * What makes a row without key columns the same row: what stands in the columns that the mapping reads, or all that
 * stands in it, as in programmes whose first rows were imported by that.
 */
export type KeylessBy = "mapped_columns" | "all_columns";

/** The source system of a mapping's rows. Without key columns it is one of their own, so that key columns can come later. */
export function systemOf({ system, key }: Mapping, keylessBy: KeylessBy): string {
  return key === undefined && keylessBy === "mapped_columns" ? `${system}-rows` : system;
}

/** Business keys of the rows of one file. */
export interface RowKeys {
  /** The key that stands in the row; undefined where it has none of its own. */
  readonly read: (cells: readonly string[]) => string | undefined | Rejection;
  /** Its id in the ledger, once in the file for each key; call it for no row that is rejected. */
  readonly claim: (row: TableRow, member: string, key: string | undefined) => string | Rejection;
}

export interface RowKeysOptions {
  readonly mapping: Mapping;
  readonly keylessBy: KeylessBy;
  readonly duplicates: "keep" | "reject";
}

export function rowKeys({ mapping, keylessBy, duplicates }: RowKeysOptions, cellOf: CellOf): RowKeys {
  const { key } = mapping;
  const table = new RowTable();
  if (key === undefined) {
    const contentOf =
      keylessBy === "all_columns" ? (cells: readonly string[]) => cells : mappedCells(mapping, cellOf);
    return {
      read: () => undefined,
      claim: ({ cells }) => {
        const content = contentHash(contentOf(cells));
        const ordinal = table.count(content);
        if (duplicates === "keep" || ordinal === 1) return `row-${content.toString("hex")}-${ordinal}`;
        return new Rejection("duplicate", `identical row number ${ordinal}`);
      },
    };
  }
  return {
    read: idReader(KEY, key.columns, mapping, cellOf),
    claim: ({ line }, member, id) => {
      const owner = key.scope === "account" ? [member] : [];
      const first = table.claim(contentHash([...owner, id]), line);
      if (first === undefined) return id as string;
      return new Rejection("key_repeated", `the key ${shown(id as string)} is that of line ${first}`);
    },
  };
}

function mappedCells(mapping: Mapping, cellOf: CellOf): (cells: readonly string[]) => readonly unknown[] {
  const { member, kind, amount, time, expiry } = mapping;
  const columns = [
    [member],
    kind.by === "column" ? [kind.column] : [],
    [amount.column],
    "column" in time ? listed(time.column) : [],
    expiry === undefined ? [] : listed(expiry.column),
  ];
  return (cells) => columns.map((some) => some.map((column) => cellOf(cells, column)));
}
