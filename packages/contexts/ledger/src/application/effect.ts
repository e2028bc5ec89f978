import type { Made } from "@taem/event-store";
import { fields } from "@taem/http";
import { balanceBody } from "../api/balance.ts";
import type { CommandAnswer } from "../api/command-answer.ts";
import { endBody, endBodyOrNull } from "../api/ends.ts";
import { ordinalId } from "../api/operation-bodies.ts";
import { expiredAtOnce } from "../domain/index.ts";
import type { AccountEvent, LotPart, NewLot } from "../events.ts";
import type { Accepted, AccountRef } from "./wish.ts";

const { formatInstant } = fields;

/** What a command did, in wire form: rebuilt from its events, so that a repetition says the same. */

type Effect = CommandAnswer["effect"];
type Effective = Pick<AccountEvent, "effectiveAt">;
type CreditedLot = NonNullable<Effect["credited"]>[number];

function idOf({ member, currency }: AccountRef, no: number): string {
  return ordinalId(member.id, currency.no, no);
}

export function answerOf(account: AccountRef, accepted: Accepted, token: string): CommandAnswer {
  return {
    member: account.member.id,
    currency: account.currency.code,
    replayed: accepted.replayed,
    effect: effectOf({ ...account, programme: accepted.programme }, accepted),
    balance: balanceBody(accepted.balance),
    token,
  };
}

function effectOf(account: AccountRef, { events, after }: Made<AccountEvent>): Effect {
  const [first] = events;
  if (first === undefined) throw new Error("an accepted command has at least one event");
  const effectiveAt = formatInstant(first.effectiveAt);
  switch (first.type) {
    case "PointsEarned":
      return { kind: "earned", ...credit(account, first), effectiveAt, ...ruleOf(first) };
    case "PointsBurned":
      return { kind: "burned", ...debit(events as readonly (typeof first)[]), effectiveAt };
    case "HoldPlaced": {
      const { hold: no, timeoutAt } = first;
      const hold = {
        id: idOf(account, no),
        ...endBody("timeoutAt", account.programme, timeoutAt, first.effectiveAt),
      };
      return { kind: "held", ...debit(events as readonly (typeof first)[]), effectiveAt, hold };
    }
    case "HoldCaptured": {
      const hold = { id: idOf(account, first.hold) };
      return { kind: "captured", ...debit(events as readonly (typeof first)[]), effectiveAt, hold };
    }
    case "HoldVoided":
      return {
        kind: "voided",
        points: sum(first.released),
        effectiveAt,
        hold: { id: idOf(account, first.hold) },
      };
    case "EarnReversed":
      return { kind: "earn_reversed", ...reversal(events as readonly (typeof first)[]), effectiveAt };
    case "BurnReversed":
      return {
        kind: "burn_reversed",
        ...givenBack(account, events as readonly (typeof first)[], after),
        effectiveAt,
      };
    case "TransferOut": {
      const transfer = { id: first.transfer, to: first.to };
      return { kind: "transferred", ...debit(events as readonly (typeof first)[]), effectiveAt, transfer };
    }
    case "AdjustmentRequested": {
      const { adjustment: no, amount, expiresAt, because } = first;
      const adjustment = {
        id: idOf(account, no),
        ...endBody("expiresAt", account.programme, expiresAt, first.effectiveAt),
        ...(because && { because }),
      };
      return { kind: "adjustment_requested", points: String(amount), effectiveAt, adjustment };
    }
    case "AdjustmentRejected":
      return { kind: "adjustment_rejected", ...closed(account, first), effectiveAt };
    case "AdjustmentWithdrawn":
      return { kind: "adjustment_withdrawn", ...closed(account, first), effectiveAt };
    case "AdjustmentCredited":
      return { kind: "adjusted", ...credit(account, first), effectiveAt };
    case "AdjustmentDebited":
      return { kind: "adjusted", ...debit(events as readonly (typeof first)[]), effectiveAt };
    case "DebtWrittenOff":
      return { kind: "written_off", points: String(first.amount), effectiveAt };
    default:
      throw new Error(`no caller's command makes ${first.type}`);
  }
}

function closed(
  account: AccountRef,
  { adjustment, amount }: AccountEvent<"AdjustmentRejected" | "AdjustmentWithdrawn">,
) {
  return { points: String(amount), adjustment: { id: idOf(account, adjustment) } };
}

function credit(account: AccountRef, event: Effective & { readonly lot: NewLot }) {
  return { points: String(event.lot.amount), credited: [lotBody(account, event.lot, event)] };
}

function lotBody(
  account: AccountRef,
  { no, amount, availableFrom, expiresAt }: NewLot,
  event: Effective,
): CreditedLot {
  return {
    lot: no,
    points: String(amount),
    availableFrom: formatInstant(availableFrom),
    // As it was when it took effect: a repetition, under a later zone too, says the same.
    ...endBodyOrNull("expiresAt", account.programme, expiresAt, event.effectiveAt),
  };
}

function debit(events: readonly { readonly takes: readonly LotPart[] }[]) {
  const takes = events.flatMap((event) => event.takes);
  return { points: sum(takes), debited: takes.map(partBody) };
}

function partBody({ lot: no, amount }: LotPart) {
  return { lot: no, points: String(amount) };
}

function reversal(events: readonly AccountEvent<"EarnReversed">[]) {
  const [first] = events as readonly [AccountEvent<"EarnReversed">];
  const total = (of: (event: AccountEvent<"EarnReversed">) => bigint): string =>
    String(events.reduce((all, event) => all + of(event), 0n));
  return {
    points: total((event) => event.amount),
    debited: events.flatMap((event) => event.takes).map(partBody),
    clawback: {
      policy: first.policy,
      debt: total((event) => event.debt),
      waived: total((event) => event.origins.reduce((all, origin) => all + origin.waived, 0n)),
      expired: total((event) => event.origins.reduce((all, origin) => all + origin.expired, 0n)),
      unmatched: total((event) => event.unmatched),
    },
  };
}

function givenBack(
  account: AccountRef,
  events: readonly AccountEvent<"BurnReversed">[],
  after: readonly AccountEvent[],
) {
  return {
    points: String(events.reduce((all, event) => all + event.amount, 0n)),
    returned: {
      restored: events.flatMap((event) => event.restored).map(partBody),
      replaced: events.flatMap((event) =>
        event.replacements.map((lot) => ({ ...lotBody(account, lot, event), replaces: lot.replaces })),
      ),
      expired: expiredAtOnce(after).map(partBody),
    },
  };
}

function ruleOf({ basis }: AccountEvent<"PointsEarned">) {
  if (basis === undefined) return {};
  const { rule: name, version, limitedBy } = basis;
  return { rule: { name, version, ...(limitedBy === undefined ? {} : { limitedBy }) } };
}

function sum(parts: readonly LotPart[]): string {
  return String(parts.reduce((all, { amount }) => all + amount, 0n));
}
