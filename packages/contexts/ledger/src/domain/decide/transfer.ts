import { expiryOf, type Instant, MAX_BALANCE, min, sum } from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountEvent, LotPart, NewLot } from "../../events.ts";
import type { AccountState } from "../account-state.ts";
import { comeBack } from "../come-back.ts";
import { keyOf, type ReceiveTransfer, type ReturnTransfer, type Transfer } from "../commands.ts";
import { anyLot } from "../evolve.ts";
import type { Lot } from "../lot.ts";
import { refuse } from "../refusals.ts";
import { effectiveAt, inParts } from "../taking.ts";
import { takeExactly } from "./burn.ts";
import { commandFields, type Decided, type DecisionContext, deadlineOnArrival, settings } from "./context.ts";

/** First leg, on the source: takes available points and carries the whole plan for the target. */
export function transferOut(command: Transfer, state: AccountState, context: DecisionContext): Decided {
  if (command.to === context.member) return refuse("transfer_to_self", "the target is the source");
  const taking = takeExactly(state, command.points, context);
  if ("refused" in taking) return taking;
  const at = effectiveAt(command.occurredAt, taking.lots);
  const plan = planOf(taking.takes, taking.lots, command.occurredAt, at, context);
  let book = state.book;
  const events = inParts(plan, (lots, part): AccountEvent<"TransferOut"> => {
    const takes = lots.map((lot) => taking.takes[lot.no - 1] as LotPart);
    const amount = sum(takes);
    book -= amount;
    return {
      type: "TransferOut",
      ...commandFields(command, context),
      effectiveAt: at,
      book,
      ...part,
      transfer: command.transfer,
      to: command.to,
      amount,
      takes,
      plan: lots,
    };
  });
  return { events };
}

function planOf(
  takes: readonly LotPart[],
  lots: readonly Lot[],
  occurredAt: Instant,
  at: Instant,
  context: DecisionContext,
): NewLot[] {
  const { transferExpiry, expiry } = settings(context, occurredAt);
  const replaced = expiryOf(expiry, zoneAt(context.programme, occurredAt), occurredAt);
  return takes.map((take, i) => {
    const lot = lots[i] as Lot;
    const kept = Number.isFinite(lot.expiresAt) ? lot.expiresAt : undefined;
    const expiresAt = transferExpiry === "kept" ? kept : replaced;
    return {
      no: i + 1,
      amount: take.amount,
      availableFrom: at,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      earnedAt: lot.earnedAt,
      vintage: lot.vintage,
    };
  });
}

/** Second leg, on the target: accepts the plan, or records the refusal under the same key, so that only one can be. */
export function transferIn(command: ReceiveTransfer, state: AccountState, context: DecisionContext): Decided {
  const { transfer, from } = command;
  const amount = sum(command.lots);
  const fields = { ...legFields(command, context), transfer, from };
  const { maxBalance = MAX_BALANCE } = settings(context, context.now);
  if (state.book + amount > min(maxBalance, MAX_BALANCE)) {
    const refusal = "balance_limit_exceeded";
    return { events: [{ type: "TransferInRefused", ...fields, book: state.book, amount, refusal }] };
  }
  const deadline = deadlineOnArrival(state, context);
  let { book, nextLot } = state;
  const events = inParts(command.lots, (plan, part): AccountEvent<"TransferIn"> => {
    const lots = plan.map((lot) => ({ ...lot, no: nextLot++ }));
    book += sum(lots);
    return { type: "TransferIn", ...fields, ...part, book, amount: sum(lots), lots, ...deadline };
  });
  return { events };
}

/** Compensation on the source: the points go back to the lots they came from. */
export function transferReturned(
  command: ReturnTransfer,
  state: AccountState,
  context: DecisionContext,
): Decided {
  const { transfer, refusal } = command;
  const revision = context.keys.revisionOf(command.out);
  if (revision === undefined) return refuse("origin_unknown", "no transfer left under that key");
  const at = effectiveAt(
    command.effectiveAt,
    command.takes.map((take) => anyLot(state, take.lot)),
  );
  let book = state.book;
  const events = inParts(command.takes, (restored, part): AccountEvent<"TransferReturned"> => {
    book += sum(restored);
    const amount = sum(restored);
    return {
      type: "TransferReturned",
      ...legFields(command, context),
      ...part,
      effectiveAt: at,
      book,
      transfer,
      amount,
      restored,
      refusal,
    };
  });
  return { events: [...events, ...comeBack(state, { revision }, command.takes, events.at(-1))] };
}

function legFields(command: ReceiveTransfer | ReturnTransfer, context: DecisionContext) {
  return {
    programme: context.programme.id,
    member: context.member,
    currency: context.currency.code,
    occurredAt: command.effectiveAt,
    effectiveAt: command.effectiveAt,
    key: keyOf(command),
  };
}
