import { DAY, type Instant, rfc3339 } from "../bangkok-time.ts";
import { type CurrencyCode, POINT, STAMP, type System } from "../definitions.ts";
import { keyOf, type SourceKey } from "../line.ts";
import { burn, type Redeemed } from "../model/commands.ts";
import { giveBack } from "../model/returns.ts";
import type { Person } from "./people.ts";
import type { World } from "./world.ts";

const REDEEMS = 0.22;
const REDEEMS_ALL = 0.12;
const ASKS_TOO_MUCH = 0.012;
const CLICKED_TWICE = 0.006;
const SMALLEST = 50n;
const STAMPS_FOR_A_DRINK = 10n;
const DRINKS = 0.5;
const REFUNDED = 0.06;
const REFUNDED_LATE = 0.2;

/** Points off the bill, in steps of fifty, now and then every last one, now and then one too many. */
export function redeemAtTill(world: World, person: Person, receipt: string, at: Instant): void {
  const { random } = world;
  const account = person.accounts[POINT];
  account.settle(world.now);
  if (random.chance(ASKS_TOO_MUCH)) {
    const short = random.chance(0.5) ? 1n : BigInt(random.whole(2, 500));
    const points = account.balance(world.now).available + short;
    spend(world, { person, currency: POINT, points, redemption: "discount", receipt, leg: "burn-0", at });
  }
  if (!random.chance(REDEEMS)) return;
  const available = account.availableAt(at);
  if (available < SMALLEST) return;
  const share = BigInt(random.whole(30, 95));
  const steps = (available * share) / (100n * SMALLEST);
  const points = random.chance(REDEEMS_ALL) ? available : SMALLEST * (steps > 0n ? steps : 1n);
  spend(world, { person, currency: POINT, points, redemption: "discount", receipt, leg: "burn", at });
}

export function useStamps(world: World, person: Person, at: Instant): void {
  const account = person.accounts[STAMP];
  account.settle(world.now);
  if (account.availableAt(at) < STAMPS_FOR_A_DRINK || !world.random.chance(DRINKS)) return;
  const receipt = world.number("pos", at);
  const points = STAMPS_FOR_A_DRINK;
  spend(world, { person, currency: STAMP, points, redemption: "free-drink", receipt, leg: "burn", at });
}

interface Spending {
  readonly person: Person;
  readonly currency: CurrencyCode;
  readonly points: bigint;
  readonly redemption: string;
  readonly receipt: string;
  readonly leg: string;
  readonly at: Instant;
}

function spend(world: World, { person, currency, points, redemption, receipt, leg, at }: Spending): void {
  const account = person.accounts[currency];
  const source = keyOf("pos", receipt, leg);
  const line = {
    op: "burn",
    member: `ext:${person.externalId}`,
    currency,
    points: String(points),
    redemption,
    occurredAt: rfc3339(at),
    source,
  } as const;
  const outcome = burn(account, points, redemption, world.when(at));
  world.send(line, outcome, account);
  if ("refused" in outcome) return;
  if (world.random.chance(CLICKED_TWICE)) world.repeat(line, points, account);
  considerRefund(
    world,
    { person, currency, system: "pos", document: receipt, source, redeemed: outcome },
    at,
  );
}

interface Redemption {
  readonly person: Person;
  readonly currency: CurrencyCode;
  readonly system: System;
  readonly document: string;
  readonly source: SourceKey;
  readonly redeemed: Redeemed;
}

/** What was paid with points comes back: soon, or so late that the points have died since; whole or in two parts. */
export function considerRefund(world: World, redemption: Redemption, at: Instant): void {
  const { random } = world;
  if (!random.chance(REFUNDED)) return;
  const { redeemed } = redemption;
  const refundable = { redeemed, givenBack: 0n };
  const delay = random.chance(REFUNDED_LATE) ? random.between(95, 130) : random.between(1, 20);
  const give = (by: Parameters<typeof giveBack>[2], no: number) => (refundedAt: Instant) => {
    const { person, currency, system, document, source } = redemption;
    const account = person.accounts[currency];
    const line = {
      op: "reverse",
      member: `ext:${person.externalId}`,
      currency,
      origin: source,
      ...("points" in by ? { points: String(by.points) } : by),
      reason: "refund",
      occurredAt: rfc3339(refundedAt),
      source: keyOf(system, document, `refund-${no}`),
    } as const;
    world.send(line, giveBack(account, refundable, by, world.when(refundedAt)), account);
  };
  const isWhole = random.chance(0.6);
  const part = { points: redeemed.points / 3n + 1n };
  world.at(at + delay * DAY, give(isWhole ? { all: true } : part, 1));
  if (random.chance(0.4)) world.at(at + (delay + random.between(1, 9)) * DAY, give({ all: true }, 2));
}
