import type { Table } from "../projection.ts";

type Plain<D extends string> = D extends `bigint${string}`
  ? bigint
  : D extends `smallint${string}` | `int${string}`
    ? number
    : D extends `boolean${string}`
      ? boolean
      : D extends `jsonb${string}`
        ? unknown
        : string;

type ValueOf<D extends string> = D extends `${string}NOT NULL${string}` ? Plain<D> : Plain<D> | null;

/**
 * A row of a table without its slice, its values as the database gives them back: what a fold makes is what the next
 * batch finds. Read off the columns' SQL definitions, so the table has to be written out where it is handed in.
 */
export type RowOf<T extends Table> = {
  readonly [K in Exclude<keyof T["columns"] & string, "slice">]: ValueOf<T["columns"][K]>;
};

/** The key columns of a row, without its slice. */
export type KeyOf<T extends Table> = {
  readonly [K in Exclude<T["key"][number], "slice"> & keyof RowOf<T>]: RowOf<T>[K];
};

/** A row whose table nobody knows any more. */
export type AnyRow = Readonly<Record<string, unknown>>;
