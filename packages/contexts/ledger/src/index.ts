export { ledger } from "./context.ts";
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
