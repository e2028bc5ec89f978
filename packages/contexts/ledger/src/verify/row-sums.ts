import { hash, randomUUID } from "node:crypto";
import type { Queryable } from "@taem/postgres";
import { SCHEMA } from "../read-model/schema.ts";
import type { Row } from "../read-model/tables.ts";
import { tables } from "../read-model/tables.ts";

interface RowSum {
  rows: bigint;
  digests: bigint;
}

/**
 * Rows of a table by slice: how many there are, and the sum of their digests, which does not depend on their order. Two
 * sums over the same rows are the same; a salt that nobody can know beforehand keeps others from being so.
 */
export class RowSums {
  readonly #salt: string;
  readonly #slices: Map<number, RowSum>;

  constructor(salt: string, slices = new Map<number, RowSum>()) {
    this.#salt = salt;
    this.#slices = slices;
  }

  /** The row's first column is its slice. */
  add(row: Row): void {
    const slice = row[0] as number;
    let sum = this.#slices.get(slice);
    if (sum === undefined) {
      sum = { rows: 0n, digests: 0n };
      this.#slices.set(slice, sum);
    }
    sum.rows++;
    sum.digests += BigInt(`0x${hash("md5", this.#salt + recordText(row)).slice(0, DIGITS)}`);
  }

  slices(): Iterable<number> {
    return this.#slices.keys();
  }

  agrees(other: RowSums, slice: number): boolean {
    const [one, two] = [this.#slices.get(slice), other.#slices.get(slice)];
    return one?.rows === two?.rows && one?.digests === two?.digests;
  }
}

/** Hexadecimal digits of a digest that count: as many as are never negative in SQL. */
const DIGITS = 15;

export function newSalt(): string {
  return randomUUID();
}

/** The sums of every table of the read model, by its name, in one look at each. */
export async function readSums(sql: Queryable, salt: string): Promise<ReadonlyMap<string, RowSums>> {
  const sums = new Map<string, RowSums>();
  for (const { name, columns } of tables) {
    const record = `ROW(${Object.keys(columns).join(", ")})::text`;
    const slices = await sql.queryArrays<[slice: number, rows: bigint, digests: string]>(
      `SELECT slice, count(*), sum(('x' || left(md5($1::text || ${record}), ${DIGITS}))::bit(${4 * DIGITS})::bigint)
         FROM ${SCHEMA}.${name} GROUP BY slice`,
      [salt],
    );
    const bySlice = slices.map(
      ([slice, rows, digests]) => [slice, { rows, digests: BigInt(digests) }] as const,
    );
    sums.set(name, new RowSums(salt, new Map(bySlice)));
  }
  return sums;
}

/** A row as PostgreSQL writes a record: what is null and what is empty differ, and no value can pass for two. */
function recordText(row: Row): string {
  let text = "(";
  for (let i = 0; i < row.length; i++) {
    if (i > 0) text += ",";
    const value = row[i] ?? undefined;
    if (value !== undefined) text += typeof value === "string" ? fieldText(value) : String(value);
  }
  return `${text})`;
}

function fieldText(value: string): string {
  return QUOTED.test(value) ? `"${value.replaceAll(/["\\]/g, "$&$&")}"` : value;
}

const QUOTED = /^$|[\t-\r "(),\\]/;
