import { type Rational, round } from "@taem/kernel";
import type { EarnRule } from "@taem/programme/events";
import type { EarnBasis } from "../events.ts";

/** Earn rule, version 1: `points` for every `per` of money, with a minimum, caps and a rounding. */

export interface PricedEarn {
  readonly points: bigint;
  readonly fraction: Rational;
  readonly limitedBy?: NonNullable<EarnBasis["limitedBy"]>;
}

const NOTHING: Rational = { numerator: 0n, denominator: 1n };

/**
 * Points for a spend in minor units of the rule's money. `earnedToday` is what the account has earned under the rule
 * on the sale's local day. What rounding left is stated exactly; what a cap cut off is not a fraction.
 */
export function priceEarn(rule: EarnRule, spend: bigint, earnedToday: bigint): PricedEarn {
  if (spend < rule.minimumSpend) return { points: 0n, fraction: NOTHING, limitedBy: "minimum" };
  const { rounded, rest } = round(spend * rule.points, rule.per, rule.rounding);
  const dayRoom = rule.maxPerDay === undefined ? undefined : atLeastZero(rule.maxPerDay - earnedToday);
  if (dayRoom !== undefined && rounded > dayRoom && dayRoom <= (rule.maxPerOrder ?? dayRoom)) {
    return { points: dayRoom, fraction: NOTHING, limitedBy: "day_cap" };
  }
  if (rule.maxPerOrder !== undefined && rounded > rule.maxPerOrder) {
    return { points: rule.maxPerOrder, fraction: NOTHING, limitedBy: "order_cap" };
  }
  return { points: rounded, fraction: rest };
}

function atLeastZero(value: bigint): bigint {
  return value < 0n ? 0n : value;
}
