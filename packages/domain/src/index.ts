export {
  type AccountState,
  type ClosedAdjustment,
  commit,
  diesAt,
  draft,
  type Hold,
  isAvailable,
  newAccount,
  openLots,
  type PendingAdjustment,
} from "./account-state.ts";
export { type Activity, activityIn, NO_ACTIVITY, sumOfActivity } from "./activity.ts";
export { MAX_AMOUNT, MAX_BALANCE, type Rational, type Rounding, round } from "./amounts.ts";
export { type Balance, balanceAt, settledAt, settledBalance, sumOfLots } from "./balance.ts";
export {
  afterTerm,
  dateInCalendar,
  dayAfter,
  endOf,
  expiryOf,
  type Instant,
  isInCalendar,
  isZone,
  type LocalDate,
  lastValidDate,
  localDate,
} from "./calendar.ts";
export * from "./commands.ts";
export { accountOf, type DecisionContext } from "./decide/context.ts";
export { type Decision, decide } from "./decide/index.ts";
export { CorruptStream, evolve, replay } from "./evolve.ts";
export { commandFingerprint, type Plain } from "./fingerprint.ts";
export { availableFrom, free, type Lot } from "./lot.ts";
export {
  DEBT,
  EXPIRED,
  OUTSTANDING,
  type Posting,
  postingsOf,
  TRANSFER_CLEARING,
  WAIVED,
  WAIVED_CLAIMS,
} from "./postings.ts";
export { isSamePrincipal, principalOf } from "./principal.ts";
export {
  type BusinessClock,
  businessNow,
  type Currency,
  evolveProgramme,
  type KeyScope,
  lastDayOf,
  type Programme,
  type Source,
  settingsAt,
  versionsOf,
  zoneAt,
} from "./programme.ts";
export type { ClosedProposal, Proposal, Proposals, ProposedChange } from "./proposals.ts";
export { expiredAtOnce, isOfRefund } from "./refund.ts";
export type { Refusal, RefusalCode } from "./refusals.ts";
export { readSnapshot, SNAPSHOT_SCHEMA, writeSnapshot } from "./snapshot.ts";
export { type AccountIdentity, dueEvents, nextDueAt } from "./sweep.ts";
export { MAX_LOTS_PER_EVENT } from "./taking.ts";
export { type Version, versionAt } from "./versions.ts";
