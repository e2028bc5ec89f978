import { PostgresError } from "./postgres-error.ts";
import type { Statement } from "./statement.ts";

/** How many rows a statement must change: with any other number all is undone, and `otherwise` says what that means. */
export interface Expectation {
  readonly rows: number;
  readonly otherwise?: () => Error;
}

export interface StatementStep {
  readonly statement: Statement;
  readonly values: readonly Value[];
  readonly expected: Expectation | undefined;
}

export interface CopyStep {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly unknown[]>;
}

/** What a statement's parameter may be. */
export type Value = string | number | bigint | Buffer | null;

/**
 * What a transaction writes, all said before any of it is sent: it goes to the server in one message, and one answer comes
 * back. So nothing of it can depend on what the rest comes to, but for how many rows change.
 */
export class Writes {
  readonly #steps: (StatementStep | CopyStep)[] = [];

  get steps(): readonly (StatementStep | CopyStep)[] {
    return this.#steps;
  }

  /** With an expectation it is an INSERT, UPDATE or DELETE without a RETURNING of its own. */
  run(statement: string | Statement, values: readonly Value[] = [], expected?: Expectation): void {
    const given = typeof statement === "string" ? { text: statement } : statement;
    if (expected === undefined) this.#steps.push({ statement: given, values, expected });
    else this.#steps.push(counted(given, values, expected));
  }

  /** As `Queryable.copyInto`. */
  copy(table: string, columns: readonly string[], rows: Iterable<readonly unknown[]>): void {
    this.#steps.push({ table, columns, rows });
  }
}

/**
 * What comes after it is under way already when the answer would be here, so it is the server that counts. It has no way to
 * raise an error but to compute what cannot be: the logarithm of 0, which nobody else asks it for.
 */
function counted({ text, name }: Statement, values: readonly Value[], expected: Expectation): StatementStep {
  const wanted = `$${values.length + 1}`;
  const statement = {
    ...(name !== undefined && { name: `${name} counted` }),
    text: `WITH changed AS (${text} RETURNING 1) SELECT ln((count(*) = ${wanted}::bigint)::int) FROM changed`,
  };
  return { statement, values: [...values, expected.rows], expected };
}

const LOGARITHM_OF_ZERO = "2201E";

/** What an error of the server means that a step met. */
export function meaningOf(error: Error, step: StatementStep | CopyStep | undefined): Error {
  if (step === undefined || !("statement" in step) || step.expected === undefined) return error;
  if ((error as { code?: unknown }).code !== LOGARITHM_OF_ZERO) return error;
  const { rows, otherwise } = step.expected;
  return (
    otherwise?.() ?? new PostgresError("rows_not_as_expected", `a statement did not change ${rows} rows`)
  );
}
