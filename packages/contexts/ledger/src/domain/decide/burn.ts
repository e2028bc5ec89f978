import { instantText, min, sum } from "@taem/kernel";
import type { AccountEvent, LotPart } from "../../events.ts";
import type { AccountState, Hold } from "../account-state.ts";
import { comeBack } from "../come-back.ts";
import type { Burn, CaptureHold, PlaceHold, VoidHold } from "../commands.ts";
import { anyLot } from "../evolve.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { effectiveAt, inParts, type Taking, takeAvailable } from "../taking.ts";
import { commandFields, type Decided, type DecisionContext, deadlineAfter, settings } from "./context.ts";

export function burn(command: Burn, state: AccountState, context: DecisionContext): Decided {
  const taking = takeExactly(state, command.points, context);
  if ("refused" in taking) return taking;
  let book = state.book;
  const events = inParts(taking.takes, (takes, part): AccountEvent<"PointsBurned"> => {
    const amount = sum(takes);
    book -= amount;
    return {
      type: "PointsBurned",
      ...commandFields(command, context),
      effectiveAt: effectiveAt(command.occurredAt, taking.lots),
      book,
      ...part,
      amount,
      takes,
      redemption: command.redemption,
      ...deadlineAfter(state, context, command.occurredAt),
    };
  });
  return { events };
}

/** All of it or a refusal that says what there is. */
export function takeExactly(
  state: AccountState,
  points: bigint,
  context: DecisionContext,
): Taking | { refused: Refusal } {
  const taking = takeAvailable(state, points, context.now);
  if (taking.amount === points) return taking;
  return refuse("insufficient_points", `${points} asked, ${taking.amount} available`);
}

export function placeHold(command: PlaceHold, state: AccountState, context: DecisionContext): Decided {
  const seconds = command.timeoutSeconds ?? settings(context, command.occurredAt).holdTimeoutSeconds;
  const { maxHoldTimeoutSeconds } = settings(context, context.now);
  if (seconds > maxHoldTimeoutSeconds) {
    return refuse("hold_timeout_too_long", `${seconds} s asked, at most ${maxHoldTimeoutSeconds} s allowed`);
  }
  const taking = takeExactly(state, command.points, context);
  if ("refused" in taking) return taking;
  const events = inParts(
    taking.takes,
    (takes, part): AccountEvent<"HoldPlaced"> => ({
      type: "HoldPlaced",
      ...commandFields(command, context),
      effectiveAt: effectiveAt(command.occurredAt, taking.lots),
      book: state.book,
      ...part,
      hold: state.nextHold,
      amount: sum(takes),
      takes,
      timeoutAt: context.now + seconds * 1000,
      redemption: command.redemption,
    }),
  );
  return { events };
}

export function capture(command: CaptureHold, state: AccountState, context: DecisionContext): Decided {
  const hold = openHold(state, command.hold);
  if ("refused" in hold) return hold;
  const points = command.points ?? hold.amount;
  if (points > hold.amount) return refuse("capture_exceeds_hold", `${points} asked, ${hold.amount} held`);
  const slices = splitHold(hold, points);
  let book = state.book;
  const touched = [hold, ...hold.takes.map((take) => anyLot(state, take.lot))];
  const events = inParts(slices, (chunk, part): AccountEvent<"HoldCaptured"> => {
    const takes = chunk.filter((slice) => slice.captured).map((slice) => slice.part);
    const released = chunk.filter((slice) => !slice.captured).map((slice) => slice.part);
    const amount = sum(takes);
    book -= amount;
    return {
      type: "HoldCaptured",
      ...commandFields(command, context),
      effectiveAt: effectiveAt(command.occurredAt, touched),
      book,
      ...part,
      hold: hold.no,
      amount,
      takes,
      released,
      redemption: hold.redemption,
      ...deadlineAfter(state, context, command.occurredAt),
    };
  });
  const released = slices.filter((slice) => !slice.captured).map((slice) => slice.part);
  return { events: [...events, ...comeBack(state, { hold: hold.no }, released, events.at(-1))] };
}

export function voidHold(command: VoidHold, state: AccountState, context: DecisionContext): Decided {
  const hold = openHold(state, command.hold);
  if ("refused" in hold) return hold;
  const touched = [hold, ...hold.takes.map((take) => anyLot(state, take.lot))];
  const events = inParts(
    hold.takes,
    (released, part): AccountEvent<"HoldVoided"> => ({
      type: "HoldVoided",
      ...commandFields(command, context),
      effectiveAt: effectiveAt(command.occurredAt, touched),
      book: state.book,
      ...part,
      hold: hold.no,
      released,
    }),
  );
  return { events: [...events, ...comeBack(state, { hold: hold.no }, hold.takes, events.at(-1))] };
}

const ENDED = { captured: "was captured", voided: "was voided", timed_out: "timed out" } as const;

function openHold(state: AccountState, no: number): Hold | { refused: Refusal } {
  const hold = state.holds.get(no);
  if (hold !== undefined) return hold;
  const ended = state.endedHolds.get(no);
  if (ended !== undefined)
    return refuse("hold_closed", `the hold ${ENDED[ended.how]} at ${instantText(ended.at)}`);
  return refuse("hold_unknown", "there is no such hold");
}

interface HoldSlice {
  readonly part: LotPart;
  /** Else released. */
  readonly captured: boolean;
}

/** A capture consumes the held lots in burn order, which is the order in which the hold named them. */
function splitHold(hold: Hold, points: bigint): HoldSlice[] {
  const slices: HoldSlice[] = [];
  let wanted = points;
  for (const take of hold.takes) {
    const captured = min(take.amount, wanted);
    const released = take.amount - captured;
    if (captured > 0n) slices.push({ part: { ...take, amount: captured }, captured: true });
    if (released > 0n) slices.push({ part: { ...take, amount: released }, captured: false });
    wanted -= captured;
  }
  return slices;
}
