export {
  type AccountState,
  type ClosedAdjustment,
  commit,
  diesAt,
  draft,
  type EndedHold,
  type Hold,
  isAvailable,
  newAccount,
  openLots,
  type PendingAdjustment,
} from "./account-state.ts";
export { activityIn, NO_ACTIVITY, sumOfActivity } from "./activity.ts";
export { type Balance, balanceAt, settledAt, settledBalance, sumOfLots } from "./balance.ts";
export {
  DEBT,
  EXPIRED,
  OUTSTANDING,
  type Posting,
  TRANSFER_CLEARING,
  WAIVED,
  WAIVED_CLAIMS,
} from "./chart.ts";
export * from "./commands.ts";
export { accountOf, type DecisionContext } from "./decide/context.ts";
export { type Decision, decide } from "./decide/index.ts";
export { dueInstants } from "./due.ts";
export {
  type Activity,
  type Effect,
  type EffectDetail,
  type LotAmount,
  NO_DETAIL,
  STATEMENT_KINDS,
  type StatementKind,
} from "./effect.ts";
export { effectOf, operationOf } from "./effects.ts";
export { CorruptStream, evolve, follow, replay } from "./evolve.ts";
export { availableFrom, free, type Lot } from "./lot.ts";
export { assertBalanced, bookChange, debtChange, postingsBy, postingsOf } from "./postings.ts";
export { expiredAtOnce, isOfRefund } from "./refund.ts";
export type { Refusal, RefusalCode } from "./refusals.ts";
export { agreesWith, isSameState, readSnapshot, SNAPSHOT_SCHEMA, writeSnapshot } from "./snapshot.ts";
export { type AccountIdentity, dueEvents, nextDueAt } from "./sweep.ts";
export { MAX_LOTS_PER_EVENT } from "./taking.ts";
