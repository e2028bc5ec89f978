import { DAY, dayOf, HOUR, type Instant, MINUTE, rfc3339, SECOND, startOf } from "../bangkok-time.ts";
import { POINT } from "../definitions.ts";
import { keyOf, type SourceKey } from "../line.ts";
import { type Adjustment, adjust, needsApproval, transfer } from "../model/commands.ts";
import type { Person } from "./people.ts";
import type { World } from "./world.ts";

/** What members ask the staff for: points for a relative, an apology, a correction. */

const ASKS = 0.03;
const TRANSFERS = 0.6;
const ASKS_TOO_MUCH = 0.05;
const TO_ONESELF = 0.03;
const DEBT_FORGIVEN = 0.04;
const REJECTED = 0.2;
const WITHDRAWN = 0.2;
const FORGOTTEN = 0.15;
const APPROVES_OWN = 0.4;
const APPROVED_TWICE = 0.05;

export function considerServiceDesk(world: World, person: Person, at: Instant): void {
  const { random } = world;
  const account = person.accounts[POINT];
  account.settle(world.now);
  if (account.debt > 0n && random.chance(DEBT_FORGIVEN)) {
    const forgiven = { direction: "write_off", points: account.debt, reason: "bad-debt" } as const;
    requestAdjustment(world, person, forgiven, at);
  }
  if (!random.chance(ASKS)) return;
  const later = at + random.between(2 * MINUTE, 20 * MINUTE);
  if (random.chance(TRANSFERS)) world.at(later, (then) => share(world, person, then));
  else world.at(later, (then) => requestAdjustment(world, person, complaint(world, person), then));
}

function share(world: World, person: Person, at: Instant): void {
  const { random } = world;
  const account = person.accounts[POINT];
  account.settle(world.now);
  const available = account.availableAt(at);
  const part = (available * BigInt(random.whole(20, 100))) / 100n;
  const points = random.chance(ASKS_TOO_MUCH) ? account.balance(world.now).available + 1n : part;
  if (points === 0n) return;
  const relative = world.people.relativeOf(person) ?? world.people.draw();
  const target = random.chance(TO_ONESELF) ? person : relative;
  const line = {
    op: "transfer",
    member: `ext:${person.externalId}`,
    currency: POINT,
    points: String(points),
    to: `ext:${target.externalId}`,
    occurredAt: rfc3339(at),
    source: keyOf("pos", world.number("pos", at), "transfer"),
  } as const;
  const outcome = transfer(account, target.accounts[POINT], points, world.when(at));
  world.send(line, outcome, account);
}

function complaint(world: World, person: Person): Adjustment {
  const { random } = world;
  const kind = random.fraction();
  if (kind < 0.4)
    return { direction: "credit", points: BigInt(random.whole(1, 10) * 10), reason: "goodwill" };
  if (kind < 0.75) {
    return { direction: "credit", points: BigInt(random.whole(51, 90) * 10), reason: "goodwill" };
  }
  const { available } = person.accounts[POINT].balance(world.now);
  const points = available / 2n + BigInt(random.whole(1, 40));
  return { direction: "debit", points, reason: "correction" };
}

function requestAdjustment(world: World, person: Person, adjustment: Adjustment, at: Instant): void {
  const account = person.accounts[POINT];
  const key = keyOf("pos", world.number("pos", at), "adjust");
  const { direction, points, reason } = adjustment;
  const line = {
    op: "adjust",
    member: `ext:${person.externalId}`,
    currency: POINT,
    direction,
    points: String(points),
    reason,
    occurredAt: rfc3339(at),
    source: key,
  } as const;
  if (!needsApproval(adjustment, world.adjustmentLimit(POINT))) {
    world.send(line, adjust(account, adjustment, world.when(at)), account);
    return;
  }
  world.send(line, { points }, account);
  const { random } = world;
  const nextMorning = startOf(dayOf(at) + 1) + 9 * HOUR;
  const decidedAt = nextMorning + random.between(0, 3 * HOUR);
  const fate = random.fraction();
  const waiting: Waiting = { world, person, adjustment, key };
  if (fate < REJECTED) return world.at(decidedAt, (then) => reject(waiting, then));
  if (fate < REJECTED + WITHDRAWN) return world.at(decidedAt, (then) => withdraw(waiting, then));
  if (fate < REJECTED + WITHDRAWN + FORGOTTEN) return forget(waiting, decidedAt);
  world.at(decidedAt, (then) => approve(waiting, then));
}

/** What the clerk asked for, under the key of the line that did. */
interface Waiting {
  readonly world: World;
  readonly person: Person;
  readonly adjustment: Adjustment;
  readonly key: SourceKey;
}

function lineOn<O extends "approve" | "reject" | "withdraw">(
  op: O,
  { key: adjustment }: Waiting,
  leg: string,
  at: Instant,
) {
  return { op, adjustment, occurredAt: rfc3339(at), source: { ...adjustment, leg } } as const;
}

/** Decided afresh by the supervisor; the clerk who asked for it cannot. */
function approve(waiting: Waiting, at: Instant): void {
  const { world, person, adjustment } = waiting;
  const { random } = world;
  const account = person.accounts[POINT];
  if (random.chance(APPROVES_OWN)) {
    world.sendInVain(lineOn("approve", waiting, "approve-own", at), "approver_must_differ");
  }
  const outcome = adjust(account, adjustment, world.when(at));
  world.send(lineOn("approve", waiting, "approve", at), outcome, account, "supervisor");
  if ("refused" in outcome || !random.chance(APPROVED_TWICE)) return;
  world.at(at + random.between(1, 3) * DAY, () => {
    world.sendInVain(lineOn("approve", waiting, "approve-again", at), "adjustment_closed", "supervisor");
  });
}

/** Nothing moves. */
function reject(waiting: Waiting, at: Instant): void {
  const { world, person, adjustment } = waiting;
  const { points } = adjustment;
  world.send(lineOn("reject", waiting, "reject", at), { points }, person.accounts[POINT], "supervisor");
}

/** By the clerk who asked; the supervisor cannot. */
function withdraw(waiting: Waiting, at: Instant): void {
  const { world, person, adjustment } = waiting;
  const { points } = adjustment;
  const byOther = lineOn("withdraw", waiting, "withdraw-other", at);
  world.sendInVain(byOther, "requester_must_withdraw", "supervisor");
  world.send(lineOn("withdraw", waiting, "withdraw", at), { points }, person.accounts[POINT]);
}

/** The supervisor comes too late: it has lapsed. */
function forget(waiting: Waiting, at: Instant): void {
  const { world, person } = waiting;
  const timeout = person.accounts[POINT].settings.adjustmentTimeoutSeconds * SECOND;
  world.at(at + timeout + world.random.between(0, 3) * DAY, (then) => {
    world.sendInVain(lineOn("approve", waiting, "approve", then), "adjustment_closed", "supervisor");
  });
}
