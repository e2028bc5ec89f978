import { DAY, dayOf, HOUR, type Instant, rfc3339, startOf } from "../bangkok-time.ts";
import { POINT, type System } from "../definitions.ts";
import { keyOf, type SourceKey } from "../line.ts";
import { capture, type Held, placeHold, voidHold } from "../model/commands.ts";
import type { Person } from "./people.ts";
import { considerRefund } from "./redemptions.ts";
import type { World } from "./world.ts";

/** Points that pay for part of a marketplace order: set aside at the order, spent when it is sent. */

const PAYS_WITH_POINTS = 0.25;
const ASKS_TOO_MUCH = 0.02;
const SMALLEST = 30n;
const SHIPPED = 0.82;
const CANCELLED = 0.1;
const SENT_IN_PART = 0.15;
const CAPTURED_TOO_HIGH = 0.02;
const CAPTURED_TWICE = 0.02;
const PUSHED_TWICE = 0.02;
const SHIPPED_AFTER_TIMEOUT = 0.5;
const REDEMPTION = "voucher";

interface Order {
  readonly person: Person;
  readonly system: System;
  readonly document: string;
  readonly key: SourceKey;
}

export function payWithHold(
  world: World,
  person: Person,
  system: System,
  document: string,
  at: Instant,
): void {
  const { random } = world;
  if (!random.chance(PAYS_WITH_POINTS)) return;
  const account = person.accounts[POINT];
  account.settle(world.now);
  const available = account.availableAt(at);
  if (available < SMALLEST) return;
  const part = (available * BigInt(random.whole(40, 100))) / 100n;
  const points = random.chance(ASKS_TOO_MUCH) ? account.balance(world.now).available + 1n : part;
  const key = keyOf(system, document, "hold");
  const line = {
    op: "hold",
    member: `ext:${person.externalId}`,
    currency: POINT,
    points: String(points),
    redemption: REDEMPTION,
    occurredAt: rfc3339(at),
    source: key,
  } as const;
  const held = placeHold(account, points, world.when(at));
  world.send(line, held, account);
  if (!("refused" in held)) decideFate(world, { person, system, document, key }, held, at);
}

/** The id of a hold is in the answer, so what refers to it comes on another day. */
function decideFate(world: World, order: Order, held: Held, at: Instant): void {
  const { random } = world;
  const nextDay = startOf(dayOf(at) + 1);
  const soon = nextDay + random.between(8 * HOUR, 40 * HOUR);
  const fate = random.fraction();
  if (fate < SHIPPED) world.at(soon, (then) => ship(world, order, held, then));
  else if (fate < SHIPPED + CANCELLED) world.at(soon, (then) => cancel(world, order, held, then));
  else if (random.chance(SHIPPED_AFTER_TIMEOUT)) {
    world.at(nextDay + random.between(3.5 * DAY, 6 * DAY), (then) => ship(world, order, held, then));
  }
}

function ship(world: World, order: Order, held: Held, at: Instant): void {
  const { random } = world;
  const all = held.hold.amount;
  if (random.chance(CAPTURED_TOO_HIGH)) captureHold(world, order, held, { points: all + 1n, no: 0, at });
  const points = random.chance(SENT_IN_PART) ? (all * BigInt(random.whole(30, 90))) / 100n : undefined;
  captureHold(world, order, held, { points, no: 1, at });
  if (random.chance(CAPTURED_TWICE)) captureHold(world, order, held, { points, no: 2, at });
}

interface Capture {
  /** All of it when undefined. */
  readonly points: bigint | undefined;
  readonly no: number;
  readonly at: Instant;
}

function captureHold(world: World, order: Order, { hold }: Held, { points, no, at }: Capture): void {
  const { person, system, document, key } = order;
  const account = person.accounts[POINT];
  const source = keyOf(system, document, `capture-${no}`);
  const line = {
    op: "capture",
    hold: key,
    ...(points === undefined ? {} : { points: String(points) }),
    occurredAt: rfc3339(at),
    source,
  } as const;
  const redeemed = capture(account, hold, points ?? hold.amount, REDEMPTION, world.when(at));
  world.send(line, redeemed, account);
  if ("refused" in redeemed) return;
  if (world.random.chance(PUSHED_TWICE)) world.repeat(line, redeemed.points, account);
  considerRefund(world, { person, currency: POINT, system, document, source, redeemed }, at);
}

function cancel(world: World, { person, system, document, key }: Order, { hold }: Held, at: Instant): void {
  const account = person.accounts[POINT];
  const source = keyOf(system, document, "void");
  const line = { op: "void", hold: key, occurredAt: rfc3339(at), source } as const;
  world.send(line, voidHold(account, hold, world.when(at)), account);
  if (world.random.chance(PUSHED_TWICE)) world.repeat(line, hold.amount, account);
}
