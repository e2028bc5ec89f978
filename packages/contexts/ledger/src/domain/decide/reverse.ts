import { MAX_AMOUNT, min, round, versionAt } from "@taem/kernel";
import type { AccountEvent } from "../../events.ts";
import type { AccountState } from "../account-state.ts";
import type { Reverse } from "../commands.ts";
import { anyLot } from "../evolve.ts";
import type { Lot } from "../lot.ts";
import { earnsNewestFirst } from "../newest-earns.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { type Claw, claw } from "./claw-back.ts";
import { commandFields, type Decided, type DecisionContext, settings } from "./context.ts";
import { giveBack } from "./give-back.ts";

/** A return: takes an earn back, gives a burn back, or, naming no sale, takes back newest earns first. */
export function reverse(command: Reverse, state: AccountState, context: DecisionContext): Decided {
  if (command.origin === undefined) return reverseUnreferenced(command, state, context);
  const revision = context.keys.revisionOf(command.origin);
  if (revision === undefined) {
    return refuse(
      "origin_unknown",
      "no command was applied under that key: name another, or send it again after the sale",
    );
  }
  if (context.origin === undefined) return { needs: { revision } };
  const [first] = context.origin;
  switch (first?.type) {
    case "PointsEarned":
      return reverseEarn(command, first, state, context);
    case "PointsBurned":
    case "HoldCaptured":
      return giveBack(command, revision, context.origin as AccountEvent<typeof first.type>[], state, context);
    default:
      return refuse("origin_not_reversible", "only earns, burns and captures can be reversed");
  }
}

function reverseEarn(
  command: Reverse,
  origin: AccountEvent<"PointsEarned">,
  state: AccountState,
  context: DecisionContext,
): Decided {
  const lot = anyLot(state, origin.lot.no);
  const due = reversible(command, origin, lot);
  if ("refused" in due) return due;
  const { occurredAt } = command;
  const request: Claw = {
    state,
    origins: [{ lot, amount: due.amount }],
    policy: settings(context, occurredAt).clawback,
    now: context.now,
    occurredAt,
    fields: {
      ...commandFields(command, context),
      unreferenced: false,
      reason: command.reason,
      ...(due.refund === undefined ? {} : { refund: due.refund }),
    },
    unmatched: 0n,
  };
  return { events: claw(request) };
}

type Reversible = { readonly amount: bigint; readonly refund?: AccountEvent<"EarnReversed">["refund"] };

/**
 * How much of an earn a return takes back. By money: floor(earned x cumulative refunded / eligible) minus what was
 * already reversed, so that any sequence of partial returns of the whole sale reverses exactly all of it.
 */
function reversible(
  command: Reverse,
  origin: AccountEvent<"PointsEarned">,
  lot: Lot,
): Reversible | { refused: Refusal } {
  const { by } = command;
  const left = lot.amount - lot.reversed;
  if ("spend" in by) {
    const eligible = origin.basis?.spend;
    if (eligible === undefined)
      return refuse("origin_without_spend", "that earn was not made by a spend: reverse points");
    const cumulative = lot.refunded + by.spend;
    if (cumulative > eligible) {
      return refuse("refund_exceeds_sale", `${cumulative} refunded in all of a sale of ${eligible}`);
    }
    const target = eligible === 0n ? 0n : (lot.amount * cumulative) / eligible;
    const amount = target > lot.reversed ? target - lot.reversed : 0n;
    return { amount, refund: { spend: by.spend, cumulative, eligible } };
  }
  const amount = "points" in by ? by.points : left;
  if (left === 0n && lot.amount > 0n) {
    return refuse("reversal_exceeds_origin", `all ${lot.amount} have been reversed`);
  }
  if (amount > left) {
    return refuse("reversal_exceeds_origin", `${amount} asked, ${left} of ${lot.amount} not yet reversed`);
  }
  return { amount };
}

function reverseUnreferenced(command: Reverse, state: AccountState, context: DecisionContext): Decided {
  const wanted = unreferencedAmount(command, context);
  if (typeof wanted !== "bigint") return wanted;
  const origins: { lot: Lot; amount: bigint }[] = [];
  let left = wanted;
  for (const lot of earnsNewestFirst(state)) {
    if (left === 0n) break;
    const amount = min(lot.amount - lot.reversed, left);
    origins.push({ lot, amount });
    left -= amount;
  }
  const request: Claw = {
    state,
    origins,
    policy: settings(context, command.occurredAt).clawback,
    now: context.now,
    occurredAt: command.occurredAt,
    fields: { ...commandFields(command, context), unreferenced: true, reason: command.reason },
    unmatched: left,
  };
  return { events: claw(request) };
}

function unreferencedAmount(command: Reverse, context: DecisionContext): bigint | { refused: Refusal } {
  const { by, occurredAt } = command;
  if ("points" in by) return by.points;
  if (!("spend" in by) || by.rule === undefined) {
    return refuse(
      "origin_unknown",
      "a return without an origin says how many points, or a spend and its rule",
    );
  }
  const versions = context.programme.rules.get(by.rule);
  if (versions === undefined) return refuse("rule_unknown", `there is no rule ${by.rule}`);
  const rule = versionAt(versions, occurredAt)?.value;
  if (rule === undefined) return refuse("rule_not_valid", `no version of rule ${by.rule} holds at that time`);
  if (rule.currency !== context.currency.code) {
    return refuse("wrong_currency", `rule ${by.rule} earns ${rule.currency}, not ${context.currency.code}`);
  }
  const { rounded } = round(by.spend * rule.points, rule.per, rule.rounding);
  if (rounded > MAX_AMOUNT)
    return refuse("amount_too_large", `the rule makes ${rounded} points of that spend`);
  return rounded;
}
