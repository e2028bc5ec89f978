export { createLedgerProjection } from "./read-model/ledger-projection.ts";
export { type LedgerDifference, LedgerDisagrees } from "./verify/difference.ts";
export { type Verified, type VerifyOptions, type VerifyProgress, verifyLedger } from "./verify/verify.ts";
