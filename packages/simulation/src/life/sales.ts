import { DAY, dayOf, HOUR, type Instant, MINUTE, rfc3339, SECOND } from "../bangkok-time.ts";
import { MONEY, POINT, type RuleName, rules, type System } from "../definitions.ts";
import { type CommandLine, keyOf, type SourceKey } from "../line.ts";
import { earn } from "../model/commands.ts";
import { payWithHold } from "./holds.ts";
import type { Person } from "./people.ts";
import { redeemAtTill, useStamps } from "./redemptions.ts";
import { considerReturn, type Sold } from "./returns.ts";
import { isMegaSale } from "./seasons.ts";
import { considerServiceDesk } from "./service-desk.ts";
import type { World } from "./world.ts";

const TILL_OFFLINE = 0.02;
const COFFEE = 0.3;
const CLICKED_TWICE = 0.006;
const RECEIPT_REUSED = 0.003;
const PUSHED_LATE = 0.04;
const PUSH_REPEATED = 0.06;
const WRONG_BUYER = 0.003;
/** When a marketplace pushes again what it believes was not received. */
const RETRIES = [2 * MINUTE, 30 * MINUTE, 3 * HOUR, 12 * HOUR] as const;

export function visitStore(world: World, person: Person, at: Instant): void {
  const { random } = world;
  const receipt = world.number("pos", at);
  redeemAtTill(world, person, receipt, at);
  const spend = basket(world, 45_000, 0.9);
  const rule = isMegaSale(dayOf(at)) ? "mega-sale" : "base";
  const ring = (): void => {
    const sold = book(world, { person, system: "pos", document: receipt, leg: "main", rule, spend, at });
    if (random.chance(RECEIPT_REUSED)) reuseReceipt(world, sold, at);
    const stamps = random.chance(COFFEE) ? buyCoffee(world, person, receipt, at) : undefined;
    considerReturn(world, sold, stamps);
  };
  if (random.chance(TILL_OFFLINE)) world.at(at + random.between(2 * HOUR, 40 * HOUR), ring);
  else ring();
  useStamps(world, person, at);
  considerServiceDesk(world, person, at);
}

function buyCoffee(world: World, person: Person, document: string, at: Instant): Sold {
  const spend = basket(world, 16_000, 0.5);
  return book(world, { person, system: "pos", document, leg: "stamp", rule: "stamp", spend, at });
}

export function visitMarketplace(world: World, person: Person, at: Instant): void {
  const { random } = world;
  const system = random.chance(0.6) ? "shopee" : "lazada";
  const document = world.number(system, at);
  const paidAt = random.chance(PUSHED_LATE)
    ? world.before(at, random.between(5 * MINUTE, 10 * HOUR))
    : world.before(at, random.between(0, 20 * SECOND));
  payWithHold(world, person, system, document, at);
  const rule = isMegaSale(dayOf(paidAt)) ? "mega-sale" : "online";
  const spend = basket(world, 32_000, 0.8);
  const sold = book(world, { person, system, document, leg: "main", rule, spend, at: paidAt });
  considerReturn(world, sold, undefined);
}

interface Sale {
  readonly person: Person;
  readonly system: System;
  readonly document: string;
  readonly leg: string;
  readonly rule: RuleName;
  readonly spend: bigint;
  /** Business time. */
  readonly at: Instant;
}

function book(world: World, sale: Sale): Sold {
  const { person, system, document, leg, rule } = sale;
  const { currency } = rules[rule];
  const account = person.accounts[currency];
  const lot = earn(account, person.earnings, sale, world.when(sale.at));
  if (currency === POINT) person.recent.add(lot);
  const key = keyOf(system, document, leg);
  const line = earnLine(sale, key, sale.spend);
  world.send(line, { points: lot.amount }, account);
  const sold = { person, currency, system, document, key, rule, lot };
  if (system === "pos") clickAgain(world, line, sold);
  else pushAgain(world, line, sold, sale);
  return sold;
}

function earnLine({ person, rule, at }: Omit<Sale, "spend">, source: SourceKey, spend: bigint) {
  return {
    op: "earn",
    member: `ext:${person.externalId}`,
    currency: rules[rule].currency,
    spend: { amount: String(spend), currency: MONEY, rule },
    occurredAt: rfc3339(at),
    source,
  } as const;
}

function clickAgain(world: World, line: CommandLine, { person, currency, lot }: Sold): void {
  if (world.random.chance(CLICKED_TWICE)) world.repeat(line, lot.amount, person.accounts[currency]);
}

/** The same push again, minutes or days later; and now and then one that names the wrong buyer. */
function pushAgain(world: World, line: CommandLine, { person, currency, lot, key }: Sold, sale: Sale): void {
  const { random } = world;
  if (random.chance(PUSH_REPEATED)) {
    const times = random.whole(1, RETRIES.length);
    for (const delay of RETRIES.slice(0, times)) {
      world.at(sale.at + delay, () => world.repeat(line, lot.amount, person.accounts[currency]));
    }
  }
  if (random.chance(WRONG_BUYER)) {
    // Not on the same day: only lines of one account keep their order, and the right buyer must be first.
    world.at(sale.at + random.between(1.5 * DAY, 3 * DAY), () => {
      const other = world.people.draw();
      if (other === person) return;
      world.sendInVain(earnLine({ ...sale, person: other }, key, sale.spend), "key_reused");
    });
  }
}

/** A cashier keys another sale in under a receipt number that has been used. */
function reuseReceipt(world: World, { person, document, key, rule }: Sold, at: Instant): void {
  const spend = basket(world, 45_000, 0.9) + 1n;
  const sale = { person, system: "pos", document, leg: "main", rule, at } as const;
  world.sendInVain(earnLine(sale, key, spend), "key_reused");
}

const SMALLEST = 2_000;
const LARGEST = 6_000_000;
const COIN = 25;

/** Money spent, in satang: log-normal, to the smallest coin. */
function basket(world: World, median: number, sigma: number): bigint {
  const amount = world.random.logNormal(median, sigma);
  return BigInt(COIN * Math.round(Math.min(LARGEST, Math.max(SMALLEST, amount)) / COIN));
}
