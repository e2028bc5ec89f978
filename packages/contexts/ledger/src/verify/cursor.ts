import type { Queryable } from "@taem/postgres";

const FETCH = 1_000;

/** Rows of a query of any size, a few thousand at a time; needs a transaction. */
export async function* cursorRows<Row extends readonly unknown[]>(
  transaction: Queryable,
  query: string,
  values: readonly unknown[],
): AsyncGenerator<Row> {
  await transaction.query(`DECLARE verification NO SCROLL CURSOR FOR ${query}`, values);
  try {
    for (;;) {
      const rows = await transaction.queryArrays<Row>(`FETCH ${FETCH} FROM verification`);
      yield* rows;
      if (rows.length < FETCH) return;
    }
  } finally {
    await transaction.query("CLOSE verification");
  }
}
