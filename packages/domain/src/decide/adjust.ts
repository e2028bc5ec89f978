import type { AccountEvent } from "@taem/contracts";
import type { AccountState } from "../account-state.ts";
import { sum } from "../amounts.ts";
import { expiryOf, type Instant, vintageOf } from "../calendar.ts";
import type { Adjust, ApproveAdjustment } from "../commands.ts";
import { zoneAt } from "../programme.ts";
import { refuse } from "../refusals.ts";
import { effectiveAt, inParts } from "../taking.ts";
import { takeExactly } from "./burn.ts";
import { commandFields, type Decided, type DecisionContext, deadlineOnArrival, settings } from "./context.ts";

/** A manual change, by a person who answers for it. Above the limit, and for every write-off, it waits for a second. */
export function adjust(command: Adjust, state: AccountState, context: DecisionContext): Decided {
  const { direction, points, reason } = command;
  const people = { requestedBy: context.actor };
  // The limit in force now: nobody goes round it by dating an adjustment back to a larger one.
  const limit = settings(context, context.now).adjustmentLimit;
  if (direction !== "write_off" && points <= limit) {
    return apply({ command, from: command.occurredAt, direction, points, reason, people }, state, context);
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
  };
  return { events: [event] };
}

/** Decided afresh: what was possible when it was asked for may not be any more. */
export function approve(command: ApproveAdjustment, state: AccountState, context: DecisionContext): Decided {
  const pending = state.pending.get(command.adjustment);
  if (pending === undefined)
    return refuse("adjustment_unknown", "no adjustment of that number waits for approval");
  if (pending.requestedBy === context.actor) {
    return refuse("approver_must_differ", "a second principal must approve what the first asked for");
  }
  const { direction, amount: points, reason, requestedBy } = pending;
  const people = { adjustment: pending.no, requestedBy, approvedBy: context.actor };
  const from = effectiveAt(command.occurredAt, [pending]);
  return apply({ command, from, direction, points, reason, people }, state, context);
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
  const { requestedBy, adjustment, approvedBy } = people as Required<Application["people"]>;
  const event: AccountEvent<"DebtWrittenOff"> = {
    type: "DebtWrittenOff",
    ...commandFields(command, context),
    effectiveAt: effectiveAt(from, [{ effectiveAt: state.debtEffectiveAt }]),
    book: state.book,
    adjustment,
    amount: points,
    reason,
    requestedBy,
    approvedBy,
  };
  return { events: [event] };
}
