import { DAY, type Instant, rfc3339 } from "../bangkok-time.ts";
import { type CurrencyCode, POINT, type RuleName, rules, type System } from "../definitions.ts";
import { keyOf, type SourceKey } from "../line.ts";
import type { Lot } from "../model/account.ts";
import { priceUncapped } from "../model/commands.ts";
import { type HowMuch, reverseSale, reverseUnreferenced } from "../model/returns.ts";
import type { Person } from "./people.ts";
import type { World } from "./world.ts";

/** Goods that come back. */

/** A sale and what it earned. */
export interface Sold {
  readonly person: Person;
  readonly currency: CurrencyCode;
  readonly system: System;
  /** Receipt or order number. */
  readonly document: string;
  readonly key: SourceKey;
  readonly rule: RuleName;
  readonly lot: Lot;
}

const RETURNED = 0.068;
/** So late that the points have died: faults under warranty. */
const RETURNED_LATE = 0.07;
const WITHOUT_RECEIPT = 0.12;
const RECEIPT_UNKNOWN = 0.02;
const WHOLE = 0.55;
const REST_FOLLOWS = 0.4;
const REFUNDED_TWICE = 0.05;
const PUSHED_TWICE = 0.05;

/** Some of the sales come back some days later; coffee only with the purchase that it came with. */
export function considerReturn(world: World, sold: Sold, stamps: Sold | undefined): void {
  const { random } = world;
  if (!random.chance(RETURNED)) return;
  const boughtAt = sold.lot.earnedAt;
  const days = random.chance(RETURNED_LATE)
    ? random.between(110, 160)
    : 1 + Math.min(27, random.exponential(6));
  const at = boughtAt + days * DAY;
  if (sold.system === "pos" && random.chance(WITHOUT_RECEIPT)) {
    world.at(at, (then) => returnWithoutReceipt(world, sold, then));
    return;
  }
  if (sold.system === "pos" && random.chance(RECEIPT_UNKNOWN)) {
    world.at(at, (then) => returnOfUnknownSale(world, sold, then));
  }
  if (random.chance(WHOLE)) planWholeReturn(world, sold, stamps, at);
  else planPartialReturn(world, sold, at);
}

function planWholeReturn(world: World, sold: Sold, stamps: Sold | undefined, at: Instant): void {
  const { random } = world;
  const everything: HowMuch = random.chance(0.3) ? { all: true } : { spend: sold.lot.spend };
  world.at(at, (then) => {
    takeBack(world, sold, everything, then);
    if (stamps !== undefined) takeBack(world, stamps, { all: true }, then);
  });
  if (random.chance(REFUNDED_TWICE)) {
    world.at(at + random.between(1, 5) * DAY, (then) => takeBack(world, sold, everything, then));
  }
}

function planPartialReturn(world: World, sold: Sold, at: Instant): void {
  const { random } = world;
  const { spend, amount } = sold.lot;
  const share = BigInt(random.whole(15, 85));
  const byPoints = amount > 1n && random.chance(0.12);
  const first: HowMuch = byPoints
    ? { points: (amount * share) / 100n || 1n }
    : { spend: (spend * share) / 100n };
  world.at(at, (then) => takeBack(world, sold, first, then));
  if (!random.chance(REST_FOLLOWS)) return;
  const rest: HowMuch = "spend" in first ? { spend: spend - first.spend } : { all: true };
  world.at(at + random.between(1, 12) * DAY, (then) => takeBack(world, sold, rest, then));
}

function takeBack(world: World, sold: Sold, by: HowMuch, at: Instant): void {
  const { person, currency, system, document, key, lot } = sold;
  const account = person.accounts[currency];
  const credit = world.number(system, at);
  const source =
    system === "pos" ? keyOf("pos", credit, "return") : keyOf(system, document, `return-${credit}`);
  const line = {
    op: "reverse",
    member: `ext:${person.externalId}`,
    currency,
    origin: key,
    ...wireOf(by),
    reason: "return",
    occurredAt: rfc3339(at),
    source,
  } as const;
  const outcome = reverseSale(account, lot, by, world.when(at));
  world.send(line, outcome, account);
  if ("refused" in outcome || !world.random.chance(PUSHED_TWICE)) return;
  world.repeat(line, outcome.points, account);
}

function wireOf(by: HowMuch) {
  if ("points" in by) return { points: String(by.points) };
  return "spend" in by ? { spend: { amount: String(by.spend) } } : by;
}

/** By amount then, newest earn first. */
function returnWithoutReceipt(world: World, { person, lot }: Sold, at: Instant): void {
  const account = person.accounts[POINT];
  const { reach } = person.recent;
  const worth = priceUncapped(rules.base, lot.spend);
  const isTellable = worth > 0n && (reach === undefined || worth <= reach);
  if (!isTellable) return;
  const by = world.random.chance(0.5)
    ? { spend: { amount: String(lot.spend), rule: "base" } }
    : { points: String(worth) };
  const line = {
    op: "reverse",
    member: `ext:${person.externalId}`,
    currency: POINT,
    ...by,
    reason: "return-without-receipt",
    occurredAt: rfc3339(at),
    source: keyOf("pos", world.number("pos", at), "return"),
  } as const;
  world.send(line, reverseUnreferenced(account, person.recent, worth, world.when(at)), account);
}

/** A receipt from before the customer was a member. */
function returnOfUnknownSale(world: World, { person }: Sold, at: Instant): void {
  const line = {
    op: "reverse",
    member: `ext:${person.externalId}`,
    currency: POINT,
    origin: keyOf("pos", world.number("pos", at)),
    all: true,
    reason: "return",
    occurredAt: rfc3339(at),
    source: keyOf("pos", world.number("pos", at), "return"),
  } as const;
  world.sendInVain(line, "origin_unknown");
}
