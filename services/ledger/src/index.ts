export { createLedgerProjection } from "./read-model/ledger-projection.ts";
