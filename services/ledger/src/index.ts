export type { Directory } from "./directory.ts";
export { createLedger, type Ledger, type LedgerConfig, type LedgerPlatform } from "./ledger.ts";
export { activityOn, isSystemInUse } from "./queries/client-activity.ts";
export { clientsAfter } from "./queries/registers.ts";
export { createLedgerProjection } from "./read-model/ledger-projection.ts";
export { ZoneHistory } from "./read-model/zone-history.ts";
export type { Discrepancy } from "./verify/discrepancy.ts";
export { Replay } from "./verify/replay.ts";
export {
  type LogAudit,
  type Verification,
  type VerifyOptions,
  type VerifyProgress,
  verifyLedger,
} from "./verify/verify.ts";
