import {
  endOrNever,
  expiryOf,
  type Instant,
  instantText,
  isSamePrincipal,
  sum,
  vintageOf,
} from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountEvent } from "../../events.ts";
import type { AccountState, PendingAdjustment } from "../account-state.ts";
import type { Adjust, ApproveAdjustment, RejectAdjustment, WithdrawAdjustment } from "../commands.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { effectiveAt, inParts } from "../taking.ts";
import { takeExactly } from "./burn.ts";
import { ceilingReached } from "./ceilings.ts";
import { commandFields, type Decided, type DecisionContext, deadlineOnArrival, settings } from "./context.ts";

/** Every decision on the account looks at those that wait. */
const MAX_WAITING = 100;

/**
 * A manual change, by a person who answers for it. Above the limit, for every write-off, and where the client has done
 * enough for a day, it waits for a second; in a programme that is run single-handed it takes effect at once, and says so,
 * up to the ceiling of the day.
 */
export function adjust(command: Adjust, state: AccountState, context: DecisionContext): Decided {
  const { direction, points, reason } = command;
  const people = { requestedBy: context.actor };
  // The limit in force now: nobody goes round it by dating an adjustment back to a larger one.
  const { adjustmentLimit, adjustmentTimeoutSeconds } = settings(context, context.now);
  const reached = ceilingReached("adjusted", points, context);
  const because = whyItWaits(command, adjustmentLimit, reached !== undefined);
  const { singleHanded } = context.programme;
  if (singleHanded && reached !== undefined) {
    const detail = `the client has adjusted ${reached.done} today, and may adjust ${reached.ceiling} a day: ${points} asked`;
    return refuse("adjustment_ceiling_reached", detail);
  }
  if (because === undefined || singleHanded) {
    const alone = because === undefined ? people : { ...people, singleHanded };
    return apply(
      { command, from: command.occurredAt, direction, points, reason, people: alone },
      state,
      context,
    );
  }
  if (state.pending.size >= MAX_WAITING) {
    return refuse("too_many_adjustments", `${MAX_WAITING} adjustments of the account wait already`);
  }
  const event: AccountEvent<"AdjustmentRequested"> = {
    type: "AdjustmentRequested",
    ...commandFields(command, context),
    effectiveAt: command.occurredAt,
    book: state.book,
    adjustment: state.nextAdjustment,
    direction,
    amount: points,
    reason,
    ...people,
    ...endAfter(context.now, adjustmentTimeoutSeconds),
    because,
  };
  return { events: [event] };
}

/** Why an adjustment needs a second principal, whoever else has done what; of two reasons the one that says more of it. */
function whyItWaits(
  { direction, points }: Adjust,
  limit: bigint,
  isBeyondCeiling: boolean,
): AccountEvent<"AdjustmentRequested">["because"] {
  if (direction === "write_off") return "write_off";
  if (points > limit) return "limit";
  return isBeyondCeiling ? "ceiling" : undefined;
}

function endAfter(now: Instant, seconds: number | undefined): { expiresAt?: Instant } {
  const expiresAt = seconds === undefined ? undefined : endOrNever(now + seconds * 1000);
  return expiresAt === undefined ? {} : { expiresAt };
}

/** Decided afresh: what was possible when it was asked for may not be any more. */
export function approve(command: ApproveAdjustment, state: AccountState, context: DecisionContext): Decided {
  const pending = decidedBySecond(command, state, context);
  if ("refused" in pending) return pending;
  const { direction, amount: points, reason, requestedBy } = pending;
  const people = { adjustment: pending.no, requestedBy, approvedBy: context.actor };
  const from = effectiveAt(command.occurredAt, [pending]);
  return apply({ command, from, direction, points, reason, people }, state, context);
}

export function reject(command: RejectAdjustment, state: AccountState, context: DecisionContext): Decided {
  const pending = decidedBySecond(command, state, context);
  if ("refused" in pending) return pending;
  const event: AccountEvent<"AdjustmentRejected"> = {
    type: "AdjustmentRejected",
    ...closing(command, pending, state, context),
    rejectedBy: context.actor,
  };
  return { events: [event] };
}

export function withdraw(
  command: WithdrawAdjustment,
  state: AccountState,
  context: DecisionContext,
): Decided {
  const pending = waiting(state, command.adjustment);
  if ("refused" in pending) return pending;
  if (!isSamePrincipal(pending.requestedBy, context.actor)) {
    return refuse("requester_must_withdraw", "another principal asked for it: reject it");
  }
  const event: AccountEvent<"AdjustmentWithdrawn"> = {
    type: "AdjustmentWithdrawn",
    ...closing(command, pending, state, context),
  };
  return { events: [event] };
}

/** What waits under a number, for somebody who did not ask for it. */
function decidedBySecond(
  { adjustment }: ApproveAdjustment | RejectAdjustment,
  state: AccountState,
  context: DecisionContext,
): PendingAdjustment | { refused: Refusal } {
  const pending = waiting(state, adjustment);
  if ("refused" in pending || !isSamePrincipal(pending.requestedBy, context.actor)) return pending;
  return refuse("approver_must_differ", "a second principal must decide on what the first asked for");
}

function waiting(state: AccountState, no: number): PendingAdjustment | { refused: Refusal } {
  const pending = state.pending.get(no);
  if (pending !== undefined) return pending;
  const closed = state.closedAdjustments.get(no);
  if (closed === undefined) return refuse("adjustment_unknown", "no adjustment of that number was asked for");
  const how = closed.how === "lapsed" ? "lapsed" : `was ${closed.how}`;
  return refuse("adjustment_closed", `it ${how} at ${instantText(closed.at)}`);
}

/** What the events say that close a waiting adjustment without an effect. */
function closing(
  command: RejectAdjustment | WithdrawAdjustment,
  pending: PendingAdjustment,
  state: AccountState,
  context: DecisionContext,
) {
  const { no: adjustment, direction, amount, reason, requestedBy } = pending;
  return {
    ...commandFields(command, context),
    effectiveAt: effectiveAt(command.occurredAt, [pending]),
    book: state.book,
    adjustment,
    direction,
    amount,
    reason,
    requestedBy,
  };
}

interface Application {
  readonly command: Adjust | ApproveAdjustment;
  /** It has effect from here on, or later where it touches what is later. */
  readonly from: Instant;
  readonly direction: Adjust["direction"];
  readonly points: bigint;
  readonly reason: string;
  readonly people: {
    readonly requestedBy: string;
    readonly adjustment?: number;
    readonly approvedBy?: string;
    readonly singleHanded?: boolean;
  };
}

function apply(application: Application, state: AccountState, context: DecisionContext): Decided {
  switch (application.direction) {
    case "credit":
      return credit(application, state, context);
    case "debit":
      return debit(application, state, context);
    case "write_off":
      return writeOff(application, state, context);
  }
}

function credit(
  { command, from, points, reason, people }: Application,
  state: AccountState,
  context: DecisionContext,
): Decided {
  const zone = zoneAt(context.programme, from);
  const expiresAt = expiryOf(settings(context, from).expiry, zone, from);
  const event: AccountEvent<"AdjustmentCredited"> = {
    type: "AdjustmentCredited",
    ...commandFields(command, context),
    effectiveAt: from,
    book: state.book + points,
    lot: {
      no: state.nextLot,
      amount: points,
      availableFrom: from,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      earnedAt: from,
      vintage: vintageOf(zone, from),
    },
    reason,
    ...people,
    ...deadlineOnArrival(state, context),
  };
  return { events: [event] };
}

function debit(
  { command, from, points, reason, people }: Application,
  state: AccountState,
  context: DecisionContext,
): Decided {
  const taking = takeExactly(state, points, context);
  if ("refused" in taking) return taking;
  let book = state.book;
  const events = inParts(taking.takes, (takes, part): AccountEvent<"AdjustmentDebited"> => {
    const amount = sum(takes);
    book -= amount;
    return {
      type: "AdjustmentDebited",
      ...commandFields(command, context),
      effectiveAt: effectiveAt(from, taking.lots),
      book,
      ...part,
      amount,
      takes,
      reason,
      ...people,
    };
  });
  return { events };
}

function writeOff(
  { command, from, points, reason, people }: Application,
  state: AccountState,
  context: DecisionContext,
): Decided {
  if (points > state.debt) return refuse("no_debt", `${points} asked, the member owes ${state.debt}`);
  const event: AccountEvent<"DebtWrittenOff"> = {
    type: "DebtWrittenOff",
    ...commandFields(command, context),
    effectiveAt: effectiveAt(from, [{ effectiveAt: state.debtEffectiveAt }]),
    book: state.book,
    amount: points,
    reason,
    ...people,
  };
  return { events: [event] };
}
