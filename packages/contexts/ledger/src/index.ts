export { bulkRoutes } from "./api/bulk-routes.ts";
export { commandRoutes } from "./api/command-routes.ts";
export type { ActivityOn } from "./application/client-days.ts";
export { CommandService } from "./application/command-service.ts";
export { type Directory, directoryOf } from "./application/directory.ts";
export type { AccountRef } from "./application/wish.ts";
export { ledger } from "./context.ts";
export { createLedger, type Ledger, type LedgerConfig, type LedgerPlatform } from "./ledger.ts";
export { activityOn, isSystemInUse } from "./queries/client-activity.ts";
export { sweeps } from "./reactions/sweeps.ts";
export { transfers } from "./reactions/transfers.ts";
export { createLedgerProjection } from "./read-model/ledger-projection.ts";
export { LEDGER } from "./read-model/schema.ts";
export { ZoneHistory } from "./read-model/zone-history.ts";
export type { Discrepancy } from "./verify/discrepancy.ts";
export { Replay } from "./verify/replay.ts";
export {
  type Verification,
  type VerifyOptions,
  type VerifyProgress,
  verifyLedger,
} from "./verify/verify.ts";
