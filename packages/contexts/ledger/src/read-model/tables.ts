import type { Table } from "@taem/processing";

/**
 * The read models. Instants are milliseconds since the epoch, amounts minor units (sums may pass what a bigint holds).
 * A row carries the slice it belongs to.
 */

/** Values in the order of a table's columns. */
export type Row = readonly unknown[];

const text = `text COLLATE "C" NOT NULL`;
const instant = "bigint NOT NULL";
const amount = "numeric NOT NULL";

/** Every posting of every event, in log order, as pairs: `amount` is above zero, `debit` and `credit` are ledger accounts. */
const postings: Table = {
  name: "postings",
  columns: {
    slice: "smallint NOT NULL",
    no: "smallint NOT NULL",
    programme: "uuid NOT NULL",
    member: "uuid NOT NULL",
    revision: "int NOT NULL",
    position: text,
    effective_at: instant,
    accounting_date: "date NOT NULL",
    currency: text,
    debit: text,
    credit: text,
    amount,
  },
  // `position` and `no` tell one from another. With what else a posting is they are what it is looked for by, and a large
  // table has one index less.
  key: ["programme", "currency", "debit", "position", "no"],
  // By the other side; and by when, for next to nothing, since rows come in the order of their positions.
  indexes: [
    "CREATE INDEX ON {table} (programme, currency, credit, position, no)",
    "CREATE INDEX ON {table} USING brin (position)",
  ],
  appendOnly: true,
};

/** One line for each event of an account. */
const statementLines: Table = {
  name: "statement_lines",
  columns: {
    slice: "smallint NOT NULL",
    member: "uuid NOT NULL",
    revision: "int NOT NULL",
    occurred_at: instant,
    effective_at: instant,
    recorded_at: instant,
    position: text,
    currency: text,
    kind: text,
    reason: text,
    amount,
    delta: amount,
    debt: amount,
    book: amount,
    system: `text COLLATE "C"`,
    external_id: `text COLLATE "C"`,
    leg: `text COLLATE "C"`,
    accounting_date: "date NOT NULL",
    lot: "int NOT NULL",
    detail: text,
  },
  key: ["member", "currency", "revision"],
  // A return finds the sale that made its lot.
  indexes: ["CREATE INDEX ON {table} (member, currency, lot) WHERE lot > 0"],
  appendOnly: true,
};

const balances: Table = {
  name: "balances",
  columns: {
    slice: "smallint NOT NULL",
    programme: "uuid NOT NULL",
    member: "uuid NOT NULL",
    currency: text,
    revision: "int NOT NULL",
    position: text,
    effective_at: instant,
    book: amount,
    held: amount,
    debt: amount,
    debt_effective_at: instant,
    waived: amount,
    deadline: "bigint",
  },
  key: ["member", "currency"],
  // Of columns that never change: most of what changes in a row touches no index. The few accounts that owe, hold or have
  // been waived something are found without the others.
  indexes: [
    "CREATE INDEX ON {table} (programme, currency, member)",
    "CREATE INDEX ON {table} (programme, currency, member) WHERE debt > 0",
    "CREATE INDEX ON {table} (programme, currency, member) WHERE waived > 0",
    "CREATE INDEX ON {table} (programme, currency, member) WHERE held > 0",
  ],
  appendOnly: false,
  storage: "fillfactor = 70",
};

const lots: Table = {
  name: "lots",
  columns: {
    slice: "smallint NOT NULL",
    member: "uuid NOT NULL",
    no: "int NOT NULL",
    available_from: instant,
    expires_at: "bigint",
    earned_at: instant,
    effective_at: instant,
    currency: text,
    kind: text,
    source: text,
    vintage: text,
    amount,
    remaining: amount,
    held: amount,
  },
  key: ["member", "currency", "no"],
  indexes: [],
  appendOnly: false,
  storage: "fillfactor = 85",
};

const holds: Table = {
  name: "holds",
  columns: {
    slice: "smallint NOT NULL",
    member: "uuid NOT NULL",
    no: "int NOT NULL",
    effective_at: instant,
    timeout_at: instant,
    ended_at: "bigint",
    currency: text,
    redemption: text,
    status: text,
    amount,
    captured: amount,
    takes: "jsonb NOT NULL",
  },
  key: ["member", "currency", "no"],
  indexes: [],
  appendOnly: false,
  storage: "fillfactor = 70",
};

/** Adjustments that needed a second principal, from their request on. */
const adjustments: Table = {
  name: "adjustments",
  columns: {
    slice: "smallint NOT NULL",
    programme: "uuid NOT NULL",
    member: "uuid NOT NULL",
    no: "int NOT NULL",
    occurred_at: instant,
    recorded_at: instant,
    expires_at: "bigint",
    closed_at: "bigint",
    position: text,
    currency: text,
    direction: text,
    status: text,
    reason: text,
    amount,
    requested_by: text,
    closed_by: `text COLLATE "C"`,
    because: `text COLLATE "C"`,
    system: text,
    external_id: text,
    leg: text,
  },
  key: ["member", "currency", "no"],
  indexes: ["CREATE INDEX ON {table} (programme, position) WHERE status = 'waiting'"],
  appendOnly: false,
  storage: "fillfactor = 70",
};

/** The postings of each pair of ledger accounts on each local accounting day, added up by slice: no two projectors write one row. */
const controlTotals: Table = {
  name: "control_totals",
  columns: {
    slice: "smallint NOT NULL",
    programme: "uuid NOT NULL",
    accounting_date: "date NOT NULL",
    postings: "bigint NOT NULL",
    currency: text,
    debit: text,
    credit: text,
    amount,
  },
  key: ["programme", "currency", "accounting_date", "debit", "credit", "slice"],
  indexes: [],
  appendOnly: false,
  storage: "fillfactor = 50",
};

/** What each principal did on each local day under each source system, by slice. */
const clientActivity: Table = {
  name: "client_activity",
  columns: {
    slice: "smallint NOT NULL",
    programme: "uuid NOT NULL",
    date: "date NOT NULL",
    currency: text,
    principal: text,
    system: text,
    commands: "bigint NOT NULL",
    earned: amount,
    adjusted: amount,
  },
  key: ["programme", "system", "principal", "currency", "date", "slice"],
  // Whether a system is in use, and what a principal did on a day.
  indexes: ["CREATE INDEX ON {table} (programme, principal, currency, date)"],
  appendOnly: false,
  storage: "fillfactor = 50",
};

export const tables: readonly Table[] = [
  postings,
  statementLines,
  balances,
  lots,
  holds,
  adjustments,
  controlTotals,
  clientActivity,
];
