import type { Migration } from "@taem/postgres";

/** What the ledger keeps beside its read models. Component `ledger`. */
export const ledgerMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "timers instead of a schedule",
    // What was to come in it is found again in the log, by the reactor sweeps.
    sql: "DROP SCHEMA IF EXISTS taem_schedule CASCADE",
  },
];
