import {
  afterTerm,
  endOf,
  expiryOf,
  type Instant,
  isInCalendar,
  localDate,
  MAX_AMOUNT,
  type Term,
  versionAt,
  vintageOf,
} from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountEvent, EarnBasis } from "../../events.ts";
import type { AccountState } from "../account-state.ts";
import type { Earn } from "../commands.ts";
import { priceEarn } from "../earn-pricing.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { ceilingReached } from "./ceilings.ts";
import { commandFields, type Decided, type DecisionContext, deadlineAfter, settings } from "./context.ts";

interface Priced {
  readonly points: bigint;
  readonly pendingSeconds: number;
  readonly basis?: EarnBasis;
}

export function earn(command: Earn, state: AccountState, context: DecisionContext): Decided {
  const priced = price(command, state, context);
  if ("refused" in priced) return priced;
  const reached = ceilingReached("earned", priced.points, context);
  if (reached !== undefined) {
    const detail = `the client has given ${reached.done} today, and may give ${reached.ceiling} a day: ${priced.points} asked`;
    return refuse("earn_ceiling_reached", detail);
  }
  const { occurredAt } = command;
  const zone = zoneAt(context.programme, occurredAt);
  const refusal = refusedExpiry(command, zone, context);
  if (refusal !== undefined) return refusal;
  const expiresAt = expiryOfEarn(command, zone, context);
  const event: AccountEvent<"PointsEarned"> = {
    type: "PointsEarned",
    ...commandFields(command, context),
    effectiveAt: occurredAt,
    book: state.book + priced.points,
    lot: {
      no: state.nextLot,
      amount: priced.points,
      availableFrom: occurredAt + priced.pendingSeconds * 1000,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      earnedAt: occurredAt,
      vintage: vintageOf(zone, occurredAt),
    },
    ...(priced.basis === undefined ? {} : { basis: priced.basis }),
    reason: command.reason,
    ...deadlineAfter(state, context, occurredAt),
  };
  return { events: [event] };
}

function expiryOfEarn(command: Earn, zone: string, context: DecisionContext): Instant | undefined {
  if (command.expiresAt === undefined) {
    return expiryOf(settings(context, command.occurredAt).expiry, zone, command.occurredAt);
  }
  const end = endOf(command.expiresAt);
  return Number.isFinite(end) ? end : undefined;
}

/** Nobody means points to live longer: such a year is a slip, or of another era. */
const LONGEST_LIFE: Term = { count: 100, unit: "years" };

function refusedExpiry(
  { expiresAt }: Earn,
  zone: string,
  { now }: DecisionContext,
): { refused: Refusal } | undefined {
  const end = endOf(expiresAt);
  if (!Number.isFinite(end)) return undefined;
  if (!isInCalendar(zone, end))
    return refuse(
      "time_out_of_range",
      "expiresAt lies outside the years 1970 to 9999 of the programme's zone",
    );
  if (end > afterTerm(zone, now, LONGEST_LIFE)) {
    return refuse(
      "expiry_too_far",
      "expiresAt lies more than a hundred years ahead of the programme's clock",
    );
  }
  return undefined;
}

function price(command: Earn, state: AccountState, context: DecisionContext): Priced | { refused: Refusal } {
  const { by, occurredAt } = command;
  if ("points" in by) return { points: by.points, pendingSeconds: 0 };
  const versions = context.programme.rules.get(by.rule);
  if (versions === undefined) return refuse("rule_unknown", `there is no rule ${by.rule}`);
  const version = versionAt(versions, occurredAt);
  if (version === undefined)
    return refuse("rule_not_valid", `no version of rule ${by.rule} holds at that time`);
  const rule = version.value;
  if (rule.currency !== context.currency.code) {
    return refuse("wrong_currency", `rule ${by.rule} earns ${rule.currency}, not ${context.currency.code}`);
  }
  if (rule.money !== by.money) {
    return refuse("wrong_currency", `rule ${by.rule} prices a spend in ${rule.money}, not ${by.money}`);
  }
  const day =
    rule.maxPerDay === undefined ? undefined : localDate(zoneAt(context.programme, occurredAt), occurredAt);
  const earnedToday = day === undefined ? 0n : (state.earnedOnDay.get(`${by.rule} ${day}`) ?? 0n);
  const { points, fraction, limitedBy } = priceEarn(rule, by.spend, earnedToday);
  if (points > MAX_AMOUNT) return refuse("amount_too_large", `the rule makes ${points} points of that spend`);
  const basis: EarnBasis = {
    rule: by.rule,
    version: version.version,
    spend: by.spend,
    money: by.money,
    fraction,
    ...(limitedBy === undefined ? {} : { limitedBy }),
    ...(day === undefined ? {} : { capDay: day }),
  };
  return { points, pendingSeconds: rule.pendingSeconds, basis };
}
