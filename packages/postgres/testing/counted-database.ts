import type { Database } from "../src/index.ts";

/** What a database was asked for. */
export interface Asked {
  /** Transactions sent as a whole: a round trip each. */
  writes: number;
  /** Statements of their own: likewise. */
  queries: number;
  /** Those that take several. */
  transactions: number;
  copies: number;
}

/** A database that counts what it is asked for. */
export function countedDatabase(
  database: Database,
  asked: Asked = { writes: 0, queries: 0, transactions: 0, copies: 0 },
): { readonly asked: Asked; readonly database: Database } {
  return {
    asked,
    database: {
      ...database,
      within: (silenceMs) => countedDatabase({ ...database, ...database.within(silenceMs) }, asked).database,
      write(writes, options) {
        asked.writes++;
        return database.write(writes, options);
      },
      query(statement, values) {
        asked.queries++;
        return database.query(statement, values);
      },
      queryArrays(statement, values) {
        asked.queries++;
        return database.queryArrays(statement, values);
      },
      transaction(work, options) {
        asked.transactions++;
        return database.transaction(work, options);
      },
      copyInto(table, columns, rows) {
        asked.copies++;
        return database.copyInto(table, columns, rows);
      },
    },
  };
}
